/// A server that takes mail for the world, and how it is spoken to: `smtp://user@mail.example.org:587`, or `smtps://` for TLS
/// from the first byte (RFC 8314 3.3).
public struct SMTPServer: Sendable, Equatable {
    public enum Security: Sendable, Equatable {
        /// STARTTLS (RFC 3207), or no mail is sent.
        case startTLS
        case implicitTLS
        /// Everybody on the way can read along.
        case none
    }

    /// Lower case; IPv6 in brackets.
    public let host: String
    public let port: Int
    public let security: Security
    /// Nil sends without signing in.
    public let user: String?
    public var password: String?
    /// A PEM file of those who may certify the server; nil for the system's.
    public var authorities: String?

    /// The user is percent-encoded where it holds `:`, `/`, `@`, `?` or `%`. `?starttls=no` sends in the clear, which goes without a
    /// user only.
    ///
    /// - Returns: nil for what is no such address.
    public init?(_ text: String) {
        let isImplicit = text.hasPrefix("smtps://")
        guard isImplicit || text.hasPrefix("smtp://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        var rest = text.dropFirst(isImplicit ? 8 : 7)
        var isPlain = false
        if let mark = rest.firstIndex(of: "?") {
            guard !isImplicit, rest[mark...] == "?starttls=no" else { return nil }
            isPlain = true
            rest = rest[..<mark]
        }
        if rest.last == "/" { rest = rest.dropLast() }
        user = rest.lastIndex(of: "@").map { String(rest[..<$0]) }.flatMap(Self.decoded)
        if let at = rest.lastIndex(of: "@") {
            guard let user, !user.isEmpty, !isPlain, user.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
                return nil
            }
            rest = rest[rest.index(after: at)...]
        }
        guard let place = Self.place(rest, usualPort: isImplicit ? 465 : 587) else { return nil }
        (host, port) = place
        security = isImplicit ? .implicitTLS : isPlain ? .none : .startTLS
    }

    private static func place(_ text: Substring, usualPort: Int) -> (String, Int)? {
        let isBracketed = text.first == "["
        guard
            let end = isBracketed
                ? text.firstIndex(of: "]").map(text.index(after:)) : text.firstIndex(of: ":") ?? text.endIndex
        else { return nil }
        let (host, rest) = (text[..<end].lowercased(), text[end...])
        let letters = isBracketed ? host.dropFirst().dropLast() : host[...]
        guard !letters.isEmpty, letters.utf8.count <= 253,
            letters.utf8.allSatisfy({ isNamePart($0) || isBracketed && $0 == UInt8(ascii: ":") })
        else { return nil }
        guard !rest.isEmpty else { return (host, usualPort) }
        guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(rest.dropFirst()), (1...65_535).contains(port)
        else { return nil }
        return (host, port)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Nil for what is no text in percent-encoding.
    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                // A password belongs elsewhere: addresses of servers are written into logs.
                if byte == UInt8(ascii: ":") { return nil }
                bytes.append(byte)  // bound: as many as there are in the setting
                continue
            }
            guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16), rest.count >= 2 else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension SMTPServer: CustomStringConvertible, CustomReflectable {
    /// For people and logs: without user and password.
    public var description: String { "\(security == .implicitTLS ? "smtps" : "smtp")://\(host):\(port)" }

    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
