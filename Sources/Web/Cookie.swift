import HTTP

/// A cookie to be set (RFC 6265 4.1).
public struct Cookie: Sendable {
    public enum SameSite: String, Sendable {
        case lax = "Lax"
        case strict = "Strict"
        case none = "None"
    }

    public var name: String
    public var value: String
    public var path = "/"
    /// Nil: until the browser closes. Zero or less removes the cookie.
    public var maxAge: Duration?
    public var isSecure = false
    public var isHTTPOnly = true
    public var sameSite = SameSite.lax

    public init(
        name: String, value: String, path: String = "/", maxAge: Duration? = nil, isSecure: Bool = false,
        isHTTPOnly: Bool = true, sameSite: SameSite = .lax
    ) {
        self.name = name
        self.value = value
        self.path = path
        self.maxAge = maxAge
        self.isSecure = isSecure
        self.isHTTPOnly = isHTTPOnly
        self.sameSite = sameSite
    }

    /// As it stands in `Set-Cookie`. Bytes that a cookie cannot hold are percent-encoded.
    var field: String {
        var text = "\(name)=\(Self.safe(value)); Path=\(path)"
        if let maxAge { text += "; Max-Age=\(max(0, maxAge.components.seconds))" }
        if isSecure { text += "; Secure" }
        if isHTTPOnly { text += "; HttpOnly" }
        return text + "; SameSite=\(sameSite.rawValue)"
    }

    private static func safe(_ value: String) -> String {
        let isSafe = value.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",")
                && byte != UInt8(ascii: ";") && byte != UInt8(ascii: "\\")
        }
        return isSafe ? value : PercentEncoding.encode(value)
    }
}

/// The cookies of a request, in order.
public struct Cookies: Sendable {
    public static let mostPairs = 64
    public private(set) var pairs: [(name: String, value: String)] = []

    /// - Parameter field: `a=1; b=2`. A pair without `=` is left out; quotes around a value are dropped.
    public init(parsing field: String) {
        for pair in field.utf8.split(separator: UInt8(ascii: ";"), maxSplits: Self.mostPairs) {
            guard pairs.count < Self.mostPairs, let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = Self.trimmed(pair[..<equals])
            var value = Self.trimmed(pair[pair.index(after: equals)...])
            if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
                value = value.dropFirst().dropLast()
            }
            if !name.isEmpty { pairs.append((String(Substring(name)), String(Substring(value)))) }
        }
    }

    /// The first cookie of that name: the one with the most specific path.
    public subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }
}

extension Request {
    /// Parsed at each call.
    public var cookies: Cookies { Cookies(parsing: headers[.cookie] ?? "") }
}

extension Response {
    public mutating func set(_ cookie: Cookie) { headers.append(.setCookie, cookie.field) }
}
