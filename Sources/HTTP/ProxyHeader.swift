import Reactor

/// What a proxy says about its client before the client's own first byte: the PROXY protocol, versions 1 and 2
/// (haproxy.org, proxy-protocol.txt). A value: whoever reads the bytes does so elsewhere.
struct ProxyHeader: Sendable, Equatable {
    /// Nil where the proxy speaks for itself, as when it looks whether the server is alive, or for a client that has no
    /// address of the internet.
    var client: SocketAddress?
    /// The client speaks TLS with the proxy.
    var isSecure = false

    enum Step: Equatable {
        /// So many more bytes surely belong to the header.
        case needs(Int)
        case complete(ProxyHeader)
    }

    enum Malformed: Error { case malformed }

    /// The longest line of version 1, with its end (section 2.1).
    private static let longestLine = 107
    /// Version 2 can say 65,535 bytes; addresses and what proxies add to them take some hundred.
    private static let mostBytes = 4096
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let word = Array("PROXY ".utf8)

    /// Looks at the header as far as it has come. `bytes` must not hold more than was asked for, so that what follows
    /// the header stays in the socket for whoever reads on.
    static func decode(_ bytes: [UInt8]) throws(Malformed) -> Step {
        let start = min(bytes.count, signature.count)
        if bytes.prefix(start).elementsEqual(signature.prefix(start)) { return try decodeBinary(bytes) }
        let letters = min(bytes.count, word.count)
        guard bytes.prefix(letters).elementsEqual(word.prefix(letters)) else { throw .malformed }
        return try decodeLine(bytes)
    }

    // MARK: Version 1

    private static func decodeLine(_ bytes: [UInt8]) throws(Malformed) -> Step {
        guard bytes.last == 0x0A else {
            guard bytes.count < longestLine else { throw .malformed }
            return .needs(1)
        }
        guard bytes.count <= longestLine, bytes.dropLast().last == 0x0D else { throw .malformed }
        let line = String(decoding: bytes.dropLast(2), as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        switch words[1] {
        // What stands behind it may be anything (2.1).
        case "UNKNOWN": return .complete(ProxyHeader())
        case "TCP4", "TCP6":
            guard words.count == 6, let from = address(words[2], words[1]), address(words[3], words[1]) != nil,
                let port = port(words[4]), Self.port(words[5]) != nil
            else { throw .malformed }
            return .complete(ProxyHeader(client: SocketAddress(host: from.description, port: port)))
        default: throw .malformed
        }
    }

    private static func address(_ text: Substring, _ family: Substring) -> IPAddress? {
        guard text.contains(":") == (family == "TCP6") else { return nil }
        return IPAddress(String(text))
    }

    /// Decimal, without zeros before it.
    private static func port(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || text.first != "0" else { return nil }
        return UInt16(text).map(Int.init)
    }

    // MARK: Version 2

    private static func decodeBinary(_ bytes: [UInt8]) throws(Malformed) -> Step {
        // The first bytes that version 1 can have, too, are fewer than these.
        guard bytes.count >= 16 else { return .needs(bytes.count < 12 ? 12 - bytes.count : 16 - bytes.count) }
        let (version, command) = (bytes[12] >> 4, bytes[12] & 15)
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard version == 2, command <= 1, length <= mostBytes else { throw .malformed }
        guard bytes.count >= 16 + length else { return .needs(16 + length - bytes.count) }
        // The proxy's own connection: what else it says is skipped (2.2).
        if command == 0 { return .complete(ProxyHeader()) }
        let body = bytes[16..<16 + length]
        switch bytes[13] {
        case 0x11: return .complete(try header(body, addressLength: 4))
        case 0x21: return .complete(try header(body, addressLength: 16))
        // Without an address, and of a Unix socket.
        case 0x00, 0x31: return .complete(ProxyHeader())
        default: throw .malformed
        }
    }

    /// Source, destination, their ports, and then what the proxy adds.
    private static func header(_ body: ArraySlice<UInt8>, addressLength: Int) throws(Malformed) -> ProxyHeader {
        let addresses = 2 * addressLength + 4
        guard body.count >= addresses else { throw .malformed }
        let source = Array(body.prefix(addressLength))
        let ports = body.dropFirst(2 * addressLength)
        let port = Int(ports[ports.startIndex]) << 8 | Int(ports[ports.startIndex + 1])
        guard let address = IPAddress(bytes: source) else { throw .malformed }
        var header = ProxyHeader(client: SocketAddress(host: address.description, port: port))
        header.isSecure = try isSecure(body.dropFirst(addresses))
        return header
    }

    /// Walks over type, length and value (2.2.1) to the one about TLS (2.2.6), whose first bit says that it is spoken.
    private static func isSecure(_ additions: ArraySlice<UInt8>) throws(Malformed) -> Bool {
        var rest = additions
        var isSecure = false
        while !rest.isEmpty {
            guard rest.count >= 3 else { throw .malformed }
            let start = rest.startIndex
            let length = Int(rest[start + 1]) << 8 | Int(rest[start + 2])
            guard rest.count >= 3 + length else { throw .malformed }
            if rest[start] == 0x20 {
                guard length >= 5 else { throw .malformed }
                isSecure = rest[start + 3] & 1 != 0
            }
            rest = rest.dropFirst(3 + length)
        }
        return isSecure
    }
}

extension Connection {
    /// Takes the header from the socket, and not a byte of what follows; the client then stands in the proxy's place.
    ///
    /// - Throws: `ConnectionError`; `ProxyHeader.Malformed`, also for a proxy that closes before the header is whole.
    func takeProxyHeader(within patience: Duration) async throws {
        deadline = loop.now + patience
        // Nothing was asked yet, so a server that stops need not wait for it.
        isIdle = true
        defer { isIdle = false }
        var bytes: [UInt8] = []
        while true {
            switch try ProxyHeader.decode(bytes) {
            case .needs(let count):
                var buffer = ByteBuffer(capacity: count)
                guard try await read(into: &buffer) > 0 else { throw ProxyHeader.Malformed.malformed }
                bytes += buffer.readableBytes
            case .complete(let header):
                deadline = .distantFuture
                if let client = header.client { speaks(for: client, securely: header.isSecure) }
                return
            }
        }
    }
}
