import FoundationEssentials

@testable import App

/// A contract of `api/`, for checking values against its schemas.
struct Schemas: Sendable {
    let document: JSONValue

    init(file: String) throws {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try String(contentsOfFile: "/\(path)/api/\(file)", encoding: .utf8)
        document = try JSONDecoder().decode(JSONValue.self, from: Data(try PlainYAML.json(from: text)))
    }

    func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text else { return value }
        return reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    func mismatches(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        let schema = resolved(schema)
        if let choices = schema["oneOf"]?.items {
            let fits = choices.contains { mismatches(value, $0, at: place).isEmpty }
            return fits ? [] : ["\(place) is none of what it may be"]
        }
        var types = (schema["type"]?.items ?? []).compactMap(\.text)
        if let type = schema["type"]?.text { types = [type] }
        let name = value.typeName
        if !types.isEmpty, !types.contains(name), !(name == "integer" && types.contains("number")) {
            return ["\(place) is \(name), not \(types.joined(separator: " or "))"]
        }
        if let allowed = schema["enum"]?.items, !allowed.contains(value) { return ["\(place) is not listed"] }
        switch value {
        case .array(let items):
            guard let each = schema["items"] else { return [] }
            return items.enumerated().flatMap { mismatches($1, each, at: "\(place)[\($0)]") }
        case .object(let fields):
            let known = schema["properties"]?.fields ?? [:]
            let missing = (schema["required"]?.items ?? []).compactMap(\.text).filter { fields[$0] == nil }
            return missing.map { "\(place).\($0) is missing" }
                + fields.flatMap { key, field in
                    known[key].map { mismatches(field, $0, at: "\(place).\(key)") }
                        ?? (known.isEmpty ? [] : ["\(place).\(key) is not in the contract"])
                }
        default: return []
        }
    }
}
