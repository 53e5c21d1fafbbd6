/// Where a Redis server is and how it is entered: `redis://[user][:password]@host[:port][/number]`, or `rediss://` for TLS.
public struct RedisAddress: Sendable, Equatable {
    public let host: String
    public let port: Int
    let user: String?
    let password: String?
    /// Of the database in it.
    let number: Int
    let isSecure: Bool
    /// A PEM file of those who may certify the server; nil for the system's.
    let authorities: String?

    static let usualPort = 6379

    /// User and password are percent-encoded where they hold `:`, `/`, `@`, `?` or `%`. `?ca=FILE` names the authorities of `rediss`.
    ///
    /// - Returns: nil for what is no such address.
    public init?(_ text: String) {
        let isSecure = text.hasPrefix("rediss://")
        guard isSecure || text.hasPrefix("redis://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        var rest = text.dropFirst(isSecure ? 9 : 8)
        let query = Self.cut(&rest, from: "?")
        let path = Self.cut(&rest, from: "/")
        if let at = rest.lastIndex(of: "@") {
            let names = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = Self.decoded(names[0]) else { return nil }
            let password = names.count == 2 ? Self.decoded(names[1]) : nil
            // A name alone says nothing about who comes.
            guard let password, !password.isEmpty else { return nil }
            self.user = user.isEmpty ? nil : user
            self.password = password
            rest = rest[rest.index(after: at)...]
        } else {
            (user, password) = (nil, nil)
        }
        guard let place = Self.place(rest),
            let number = path.map({ $0.isEmpty ? 0 : Self.number($0, below: 1 << 16) }) ?? 0
        else { return nil }
        (host, port) = place
        self.number = number
        self.isSecure = isSecure
        guard let query else {
            authorities = nil
            return
        }
        guard isSecure, query.hasPrefix("ca="), let file = Self.decoded(query.dropFirst(3)), !file.isEmpty else {
            return nil
        }
        authorities = file
    }

    /// What stands behind the first such character, which goes with it.
    private static func cut(_ text: inout Substring, from mark: Character) -> Substring? {
        guard let at = text.firstIndex(of: mark) else { return nil }
        defer { text = text[..<at] }
        return text[text.index(after: at)...]
    }

    private static func place(_ text: Substring) -> (String, Int)? {
        var (host, port) = (text, Substring())
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            port = text[text.index(after: end)...]
            guard port.isEmpty || port.first == ":" else { return nil }
            port = port.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
            guard !host.contains(":"), !port.isEmpty else { return nil }
        }
        guard !host.isEmpty, let number = port.isEmpty ? usualPort : Self.number(port, below: 1 << 16), number > 0
        else {
            return nil
        }
        return (String(host), number)
    }

    private static func number(_ text: Substring, below end: Int) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), number < end else {
            return nil
        }
        return number
    }

    /// Nil for what is no text in percent-encoding.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
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

extension RedisAddress: CustomStringConvertible, CustomReflectable {
    /// For people and logs: without user and password.
    public var description: String {
        "\(isSecure ? "rediss" : "redis")://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(number)"
    }

    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
