/// A validator of a representation (RFC 9110 8.8.3): `"v1"`, or `W/"v1"` when weak.
public struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    public let opaque: String
    public let isWeak: Bool

    /// - Parameter opaque: without quotes. Characters that cannot stand in a tag are dropped.
    public init(_ opaque: String, isWeak: Bool = false) {
        self.opaque = String(
            decoding: opaque.utf8.filter { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }, as: UTF8.self)
        self.isWeak = isWeak
    }

    /// Parses one tag that stands alone.
    init?(parsing text: some StringProtocol) {
        var list = TagList(text)
        guard let tag = list.next(), list.next() == nil, !list.isBroken else { return nil }
        self = tag
    }

    public var description: String { isWeak ? "W/\"\(opaque)\"" : "\"\(opaque)\"" }

    /// RFC 9110 8.8.3.2.
    func stronglyMatches(_ other: EntityTag) -> Bool { !isWeak && !other.isWeak && opaque == other.opaque }

    /// Whether a field like `If-None-Match` names this tag (or `*`).
    func isListed(in field: String, weakly: Bool) -> Bool {
        var list = TagList(field)
        if list.isWildcard { return true }
        while let tag = list.next() {
            if weakly ? tag.opaque == opaque : tag.stronglyMatches(self) { return true }
        }
        return false
    }
}

/// `"a", W/"b"` piece by piece. A tag may hold commas, so splitting at commas would be wrong.
private struct TagList {
    private var rest: Substring.UTF8View
    private(set) var isBroken = false

    init(_ text: some StringProtocol) { rest = Substring(text).utf8 }

    var isWildcard: Bool {
        String(Substring(rest)).filter { $0 != " " && $0 != "\t" } == "*"
    }

    mutating func next() -> EntityTag? {
        rest = rest.drop { $0 == ASCII.space || $0 == ASCII.tab || $0 == UInt8(ascii: ",") }
        guard !rest.isEmpty, !isBroken else { return nil }
        isBroken = true
        var isWeak = false
        if rest.first == UInt8(ascii: "W") {
            rest = rest.dropFirst()
            guard rest.first == UInt8(ascii: "/") else { return nil }
            rest = rest.dropFirst()
            isWeak = true
        }
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let opaque = String(Substring(rest[..<end]))
        rest = rest[rest.index(after: end)...]
        isBroken = false
        return EntityTag(opaque, isWeak: isWeak)
    }
}
