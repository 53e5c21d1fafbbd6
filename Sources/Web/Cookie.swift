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
        Self.read(field) { name, value in
            pairs.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            return pairs.count < Self.mostPairs
        }
    }

    /// The first cookie of that name, without making anything of the others.
    static func value(of wanted: String, in field: String) -> String? {
        var (found, count) = (String?.none, 0)
        read(field) { name, value in
            count += 1
            if name.elementsEqual(wanted.utf8) { found = String(decoding: value, as: UTF8.self) }
            return found == nil && count < mostPairs
        }
        return found
    }

    private typealias Piece = Slice<UnsafeBufferPointer<UInt8>>

    /// Until `each` answers false. It is done in each request of a browser, so over bytes in one piece of memory.
    private static func read(_ field: String, _ each: (_ name: Piece, _ value: Piece) -> Bool) {
        var field = field
        field.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let end = rest.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
                let pair = rest[..<end]
                rest = rest[end...].dropFirst()
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = trimmed(pair[..<equals])
                var value = trimmed(pair[(equals + 1)...])
                if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
                    value = value.dropFirst().dropLast()
                }
                if !name.isEmpty, !each(name, value) { return }
            }
        }
    }

    /// The first cookie of that name: the one with the most specific path.
    public subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    private static func trimmed(_ text: Piece) -> Piece {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }
}

extension Request {
    /// Parsed at each call.
    public var cookies: Cookies { Cookies(parsing: headers[.cookie] ?? "") }

    /// The same as `cookies[name]`, for less.
    public func cookie(_ name: String) -> String? { headers[.cookie].flatMap { Cookies.value(of: name, in: $0) } }
}

extension Response {
    public mutating func set(_ cookie: Cookie) { headers.append(.setCookie, cookie.field) }
}
