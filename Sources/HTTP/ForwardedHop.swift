import Reactor

/// One step of a request's way through proxies: what a proxy said about the one who asked it.
struct ForwardedHop: Sendable, Equatable {
    /// Nil where the proxy did not say it, or in words that name no address.
    var client: SocketAddress?
    /// `http` or `https`, in lower case.
    var scheme: String?
    /// The name that was asked for; nil for what can be none.
    var host: String?

    /// The steps that `Forwarded` (RFC 7239) tells, the last proxy's first. Nil without the field; of a malformed field
    /// nothing is believed.
    static func forwarded(_ headers: HeaderFields) -> [ForwardedHop]? {
        guard let field = headers[.forwarded] else { return nil }
        guard let elements = pieces(of: field, separator: UInt8(ascii: ",")) else { return [] }
        return elements.reversed().map { element in
            var hop = ForwardedHop()
            for pair in pieces(of: element, separator: UInt8(ascii: ";")) ?? [] {
                guard let equals = pair.firstIndex(of: "=") else { continue }
                let value = unquoted(pair[pair.index(after: equals)...])
                switch pair[..<equals].lowercased() {
                case "for": hop.client = address(value)
                case "proto": hop.scheme = value.lowercased()
                case "host": hop.host = hostName(value)
                default: break
                }
            }
            return hop
        }
    }

    /// The same from `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. Where fewer schemes or names than
    /// clients are told, the first one holds for the rest: many proxies replace the field instead of adding to it.
    static func xForwarded(_ headers: HeaderFields) -> [ForwardedHop]? {
        guard let field = headers[.xForwardedFor] else { return nil }
        let schemes = headers[.xForwardedProto].map { items(of: $0).map { $0.lowercased() } } ?? []
        let hosts = headers[.xForwardedHost].map { items(of: $0) } ?? []
        return items(of: field).enumerated().map { index, item in
            ForwardedHop(
                client: address(item), scheme: schemes.isEmpty ? nil : schemes[min(index, schemes.count - 1)],
                host: hosts.isEmpty ? nil : hostName(hosts[min(index, hosts.count - 1)]))
        }
    }

    /// A name or an address, with or without a port: letters, digits and few signs (RFC 3986 3.2.2).
    private static func hostName(_ text: String) -> String? {
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5B, 0x5D, 0x5F: true
            default: false
            }
        }
        return isName && !text.isEmpty && text.utf8.count <= 261 ? text : nil
    }

    private static func items(of list: String) -> [String] {
        list.split(separator: ",", omittingEmptySubsequences: false).reversed().map { trimmed($0) }
    }

    /// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`.
    private static func address(_ text: String) -> SocketAddress? {
        var (host, port) = (text[...], text[text.endIndex...])
        if host.first == "[" {
            guard let close = host.firstIndex(of: "]") else { return nil }
            port = host[host.index(after: close)...]
            host = host[host.index(after: host.startIndex)..<close]
            guard host.contains(":") else { return nil }
        } else if let colon = host.firstIndex(of: ":"), colon == host.lastIndex(of: ":") {
            port = host[colon...]
            host = host[..<colon]
        }
        // A port may be hidden behind a word (RFC 7239 6.2); it is of no use here, so only its colon is asked for.
        guard port.isEmpty || port.first == ":", let ip = IPAddress(String(host)) else { return nil }
        return SocketAddress(host: ip.description, port: UInt16(port.dropFirst()).map(Int.init) ?? 0)
    }

    /// Split outside of quoted strings; nil when a quoted string does not end.
    private static func pieces(of text: String, separator: UInt8) -> [String]? {
        var pieces: [String] = []
        var piece: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in text.utf8 {
            if byte == separator, !isQuoted {
                pieces.append(trimmed(String(decoding: piece, as: UTF8.self)[...]))
                piece = []
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
            piece.append(byte)
        }
        guard !isQuoted else { return nil }
        pieces.append(trimmed(String(decoding: piece, as: UTF8.self)[...]))
        return pieces
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.utf8.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast().filter { $0 != "\\" })
    }

    private static func trimmed(_ text: Substring) -> String {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        return String(String(text.drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
    }
}
