import FoundationEssentials
import HTTP
import Synchronization

/// How JSON looks here: snake_case names, RFC 3339 times in UTC with milliseconds.
public enum JSON {
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let out = JSONBytes()
        do {
            try out.write(value)
            return out.bytes
        } catch is JSONBytes.Unsupported {
            return try encodeByFoundation(value)
        }
    }

    static func encodeByFoundation(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .custom { path in JSONKeys.shared.key(path[path.count - 1].stringValue) }
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(InternetTime(date).description)
        }
        return Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDepth.check(bytes)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let time = InternetTime(parsing: try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time")
            }
            return time.date
        }
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw Problem(error)
        }
    }
}

/// Names of fields in snake_case as Foundation makes them, each made once: it takes half of the time of a small answer.
final class JSONKeys: Sendable {
    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// One field with the name that is asked for.
    private struct Probe: Encodable {
        let key: Key

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(0, forKey: key)
        }
    }

    static let shared = JSONKeys()
    /// Of types that are written here, there are some hundreds.
    private static let capacity = 4_000
    // bound: capacity
    private let keys = Mutex<[String: Key]>([:])

    /// Most names are in small letters already, and then nothing is changed.
    func name(_ name: String) -> String {
        let isWritten = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
        }
        return isWritten ? name : key(name).stringValue
    }

    func key(_ name: String) -> Key {
        if let known = keys.withLock({ $0[name] }) { return known }
        let key = Key(stringValue: Self.snakeCase(name))
        keys.withLock { keys in
            if keys.count >= Self.capacity { keys = [:] }
            keys[name] = key
        }
        return key
    }

    private static func snakeCase(_ name: String) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let probe = Probe(key: Key(stringValue: name))
        // {"name":0}
        guard let text = try? encoder.encode(probe),
            let found = try? JSONDecoder().decode([String: Int].self, from: text).keys.first
        else { return name }
        return found
    }
}

/// A JSON text that is refused before it is decoded.
public enum JSONInputError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooDeep(limit: Int)

    public var description: String {
        switch self {
        case .tooDeep(let limit): "The JSON is nested more than \(limit) levels deep."
        }
    }
}

/// Nesting is counted before decoding, so that no input can exhaust the stack.
enum JSONDepth {
    static let limit = 32

    static func check(_ bytes: [UInt8]) throws(JSONInputError) {
        var depth = 0
        var inString = false
        var isEscaped = false
        for byte in bytes {
            if inString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > limit { throw .tooDeep(limit: limit) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
    }
}

extension Problem {
    /// Tells the field that does not fit.
    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .invalid(
                field: Self.path(context.codingPath + [key]), code: "required", "This field is required.")
        case .valueNotFound(_, let context):
            self = .invalid(field: Self.path(context.codingPath), code: "required", "This field must not be null.")
        case .typeMismatch(_, let context):
            self = .invalid(field: Self.path(context.codingPath), code: "wrong_type", "This field has another type.")
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            self = .invalid(field: Self.path(context.codingPath), code: "invalid", context.debugDescription)
        case .dataCorrupted: self = .badRequest(code: "malformed_json", "The body is not JSON.")
        @unknown default: self = .badRequest(code: "malformed_json", "The body is not JSON.")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map(String.init) ?? snakeCase($0.stringValue) }.joined(separator: ".")
    }

    /// The decoder tells keys as the type names them.
    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { text, letter in
            if letter.isUppercase, !text.isEmpty { text += "_" }
            text += letter.lowercased()
        }
    }
}

extension Response {
    public static func json(_ value: some Encodable, status: Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: .bytes(try JSON.encode(value)))
    }
}

extension Request {
    /// The JSON body as a value.
    ///
    /// - Throws: a `Problem`: 415 for another media type, 413, 400 for what is no JSON, 422 naming the field that does
    ///   not fit.
    public func decode<Value: Decodable>(_ type: Value.Type, limit: Int = 64 << 10) async throws -> Value {
        guard mediaType == "application/json" else { throw Self.unsupportedMediaType }
        return try JSON.decode(type, from: try await body.collect(upTo: limit))
    }

    /// The same, where a request may do without a body.
    public func decodeIfPresent<Value: Decodable>(_ type: Value.Type, limit: Int = 64 << 10) async throws -> Value? {
        let bytes = try await body.collect(upTo: limit)
        if bytes.isEmpty { return nil }
        guard mediaType == "application/json" else { throw Self.unsupportedMediaType }
        return try JSON.decode(type, from: bytes)
    }

    private static let unsupportedMediaType = Problem(
        .unsupportedMediaType, code: "unsupported_media_type", detail: "Send application/json.")

    /// The media type of the body in lower case, without parameters; empty when there is none.
    public var mediaType: String {
        let field = headers[.contentType] ?? ""
        return String(field.prefix { $0 != ";" }).lowercased().filter { $0 != " " && $0 != "\t" }
    }
}
