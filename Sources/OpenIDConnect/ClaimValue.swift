import FoundationEssentials

/// What a claim may hold (RFC 8259), to a small depth: what is nested deeper reads as null.
public enum ClaimValue: Sendable, Equatable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([ClaimValue])
    case object([String: ClaimValue])

    private static let deepest = 6

    public init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count <= Self.deepest else {
            self = .null
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? single.decode(Double.self) {
            self = .number(value)
        } else if let value = try? single.decode(String.self) {
            self = .text(value)
        } else if let value = try? single.decode([ClaimValue].self) {
            self = .list(value)
        } else {
            self = .object(try single.decode([String: ClaimValue].self))
        }
    }

    public var text: String? {
        guard case .text(let value) = self else { return nil }
        return value
    }

    /// Whole seconds since 1970, as tokens have times (RFC 7519 2, NumericDate).
    var time: Int64? {
        guard case .number(let value) = self, value.magnitude < 1e15 else { return nil }
        return Int64(value.rounded(.down))
    }

    /// One text or a list of them.
    public var texts: [String] {
        switch self {
        case .text(let value): [value]
        case .list(let values): values.compactMap(\.text)
        default: []
        }
    }

    /// Also as a text, as some providers write it.
    var truth: Bool? {
        switch self {
        case .bool(let value): value
        case .text("true"): true
        case .text("false"): false
        default: nil
        }
    }
}

public typealias Claims = [String: ClaimValue]

extension Claims {
    /// A claim by its name, or by the names of objects around it with dots between: `realm_access.roles`.
    public func value(at path: String) -> ClaimValue? {
        if let value = self[path] { return value }
        guard let dot = path.firstIndex(of: "."), case .object(let inner)? = self[String(path[..<dot])] else {
            return nil
        }
        return inner.value(at: String(path[path.index(after: dot)...]))
    }
}
