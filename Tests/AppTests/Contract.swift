import FoundationEssentials

@testable import App

/// JSON as it is.
indirect enum JSONValue: Decodable, Sendable, Equatable {
    case null, bool(Bool), number(Double), string(String), array([JSONValue]), object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let items = try? value.decode([JSONValue].self) {
            self = .array(items)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let fields) = self { fields[key] } else { nil }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    var fields: [String: JSONValue] { if case .object(let fields) = self { fields } else { [:] } }

    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number(let number): number == number.rounded() ? "integer" : "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// `api/openapi.yaml`, for checking answers against it.
struct Contract: Sendable {
    private let schemas: Schemas
    var document: JSONValue { schemas.document }

    private static let known = Result { try Contract() }
    static func shared() throws -> Contract { try known.get() }

    private init() throws {
        schemas = try Schemas(file: "openapi.yaml")
    }

    /// What is wrong with an answer of the API; other addresses are none of the contract's.
    func breaches(_ method: String, _ target: String, _ answer: WireClient.Answer) throws -> [String] {
        let path = String(target.prefix { $0 != "?" })
        guard path.hasPrefix("/api/v1/") else { return [] }
        guard let operation = operation(method.lowercased(), String(path.dropFirst("/api/v1".count))) else {
            return ["is not in the contract"]
        }
        guard let response = operation["responses"]?["\(answer.status)"].map(schemas.resolved) else {
            return ["may not answer \(answer.status)"]
        }
        let headers = (response["headers"]?.fields ?? [:]).mapValues(schemas.resolved)
        return Self.fieldBreaches(headers, answer) + Self.partBreaches(answer)
            + (try bodyBreaches(method, response, answer))
    }

    private func bodyBreaches(_ method: String, _ response: JSONValue, _ answer: WireClient.Answer) throws -> [String] {
        guard let content = response["content"]?.fields else { return answer.body.isEmpty ? [] : ["there is a body"] }
        if answer.body.isEmpty { return method == "HEAD" ? [] : ["there is no body"] }
        let type = (answer.headers["content-type"] ?? "").prefix { $0 != ";" }
        guard let media = content[String(type)] else { return ["may not answer \(type) with \(answer.status)"] }
        guard type.hasSuffix("json"), let schema = media["schema"] else { return [] }
        let body = try JSONDecoder().decode(JSONValue.self, from: Data(answer.body))
        return schemas.mismatches(body, schema, at: "body")
    }

    private static func fieldBreaches(
        _ promised: [String: JSONValue], _ answer: WireClient.Answer
    ) -> [String] {
        let names = Set(promised.keys.map { $0.lowercased() })
        // Fields that mean something to a client of the API; all others follow from HTTP.
        let meant = /location|retry-after|content-range|upload-.*|tus-(?!resumable).*|palco-.*|set-cookie/
        let unknown = answer.headers.keys.filter { !names.contains($0) && $0.wholeMatch(of: meant) != nil }
        let missing = promised.keys.filter {
            promised[$0]?["required"] == .bool(true) && answer.headers[$0.lowercased()] == nil
        }
        return unknown.map { "the field \($0) is not in the contract" } + missing.map { "the field \($0) is missing" }
    }

    /// What HTTP asks of parts and of copies that are still good (RFC 9110 14.4, 15.4.5).
    private static func partBreaches(_ answer: WireClient.Answer) -> [String] {
        let extent = answer.headers["content-range"] ?? ""
        switch answer.status {
        case 206:
            let numbers = extent.wholeMatch(of: /bytes (\d+)-(\d+)\/(\d+)/)?.output
            guard let numbers, let first = Int(numbers.1), let last = Int(numbers.2), let size = Int(numbers.3),
                first <= last, last < size, last - first + 1 == answer.body.count
            else { return ["\(answer.body.count) bytes are not the range \(extent)"] }
            return []
        case 304:
            return ["etag", "cache-control"].filter { answer.headers[$0] == nil }.map { "the field \($0) is missing" }
        case 416:
            return extent.wholeMatch(of: /bytes \*\/\d+/) == nil ? ["\(extent) does not tell the size"] : []
        default:
            return []
        }
    }

    private func operation(_ method: String, _ path: String) -> JSONValue? {
        let wanted = path.split(separator: "/")
        let fitting = (document["paths"]?.fields ?? [:]).filter { template, operations in
            let parts = template.split(separator: "/")
            return parts.count == wanted.count && operations[method] != nil
                && zip(parts, wanted).allSatisfy { part, word in
                    guard let open = part.firstIndex(of: "{"), let close = part.firstIndex(of: "}") else {
                        return part == word
                    }
                    return word.hasPrefix(part[..<open]) && word.hasSuffix(part[part.index(after: close)...])
                }
        }
        // The one with the fewest parameters, as the router has it.
        return fitting.min { $0.key.filter { $0 == "{" }.count < $1.key.filter { $0 == "{" }.count }?.value[method]
    }
}
