import CSystem
import Glibc

/// The numeric address of a peer or of a listener.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// IPv4 dotted or IPv6 without brackets; an IPv4-mapped IPv6 address shows as IPv4.
    public let host: String
    public let port: Int

    /// A peer on this machine that came by a Unix socket: it has no address.
    public static let unixSocket = SocketAddress(host: "unix", port: 0)

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    init(_ storage: sockaddr_storage) {
        if Int32(storage.ss_family) == AF_UNIX {
            self = .unixSocket
            return
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        var port: in_port_t = 0
        withUnsafeBytes(of: storage) { raw in
            switch Int32(storage.ss_family) {
            case AF_INET:
                var address = raw.load(as: sockaddr_in.self)
                port = address.sin_port
                inet_ntop(AF_INET, &address.sin_addr, &text, socklen_t(text.count))
            case AF_INET6:
                var address = raw.load(as: sockaddr_in6.self)
                port = address.sin6_port
                inet_ntop(AF_INET6, &address.sin6_addr, &text, socklen_t(text.count))
            default:
                break
            }
        }
        let host = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.host = host.hasPrefix("::ffff:") && host.contains(".") ? String(host.dropFirst(7)) : host
        self.port = Int(UInt16(bigEndian: port))
    }

    /// The addresses of a host, what the system likes best first and 16 at most. Blocks on a name that needs DNS.
    ///
    /// - Throws: `ListenerError.unknownHost`.
    public static func all(of host: String, port: Int) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else { throw ListenerError.unknownHost(host) }
        var found: [SocketAddress] = []
        var next = list?.pointee
        while let one = next, found.count < 16 {
            if let address = one.ai_addr {
                var storage = sockaddr_storage()
                withUnsafeMutableBytes(of: &storage) { bytes in
                    bytes.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(one.ai_addrlen)))
                }
                found.append(SocketAddress(storage))
            }
            next = one.ai_next?.pointee
        }
        return found
    }

    /// Resolves a host name or a numeric address for listening or connecting. Blocks on a name that needs DNS.
    static func resolve(host: String, port: Int, passive: Bool) throws -> (sockaddr_storage, socklen_t, family: Int32) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = (passive ? AI_PASSIVE : 0) | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0, let first = list?.pointee, let address = first.ai_addr else {
            throw ListenerError.unknownHost(host)
        }
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(first.ai_addrlen)))
        }
        return (storage, first.ai_addrlen, first.ai_family)
    }
}
