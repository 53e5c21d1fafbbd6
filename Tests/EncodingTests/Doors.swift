import Glibc

/// Sockets at which nobody should knock: TCP, UDP and a Unix socket, all on this machine.
final class Doors {
    struct Visits: Equatable {
        var tcp = 0
        var udp = 0
        var unix = 0
    }

    let tcpPort: Int
    let udpPort: Int
    let path: String
    private let tcp: Int32
    private let udp: Int32
    private let unix: Int32

    init(folder: String) throws {
        path = folder + "/door"
        (tcp, tcpPort) = try Self.inet(Int32(SOCK_STREAM.rawValue))
        (udp, udpPort) = try Self.inet(Int32(SOCK_DGRAM.rawValue))
        unix = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(unix, $0, length) }
        }
        guard outcome == 0, listen(tcp, 8) == 0, listen(unix, 8) == 0 else {
            throw Studio.Failure(description: "doors: \(String(cString: strerror(errno)))")
        }
    }

    deinit { for descriptor in [tcp, udp, unix] { close(descriptor) } }

    /// Who came since the last call.
    func visits() -> Visits {
        Visits(tcp: Self.connections(tcp), udp: Self.datagrams(udp), unix: Self.connections(unix))
    }

    private static func connections(_ listener: Int32) -> Int {
        var count = 0
        while case let visitor = accept(listener, nil, nil), visitor >= 0 {
            close(visitor)
            count += 1
        }
        return count
    }

    private static func datagrams(_ descriptor: Int32) -> Int {
        var count = 0
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 { count += 1 }
        return count
    }

    private static func inet(_ kind: Int32) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard outcome else { throw Studio.Failure(description: "door: \(String(cString: strerror(errno)))") }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }
}
