import CSystem
import Glibc
import Synchronization

public enum ListenerError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownHost(String)
    case cannotListen(SocketAddress, SystemError)
    case noUnixSocket(path: String, SystemError)

    public var description: String {
        switch self {
        case .unknownHost(let host): "the host name \(host) is not known"
        case .cannotListen(let address, let error) where error.code == EACCES:
            "cannot listen on \(address): only root, and who has CAP_NET_BIND_SERVICE, may use ports below 1024"
        case .cannotListen(let address, let error): "cannot listen on \(address): \(error)"
        case .noUnixSocket(let path, let error): "cannot listen on \(path): \(error)"
        }
    }
}

/// A listening TCP or Unix socket. One loop accepts and hands connections to all loops in turn, so that each gets its share.
public final class Listener: Sendable {
    public let address: SocketAddress
    public var port: Int { address.port }
    /// So many bytes the kernel takes for each connection before the peer has room for them. By itself it takes megabytes,
    /// for each peer that asks and never reads, and what is most urgent has to wait behind them.
    private static let mostUnsent: Int32 = 256 << 10
    private let descriptor: Int32
    /// Of a Unix socket: it goes when the listener stops.
    private let path: String?
    private let acceptor = Mutex<Acceptor?>(nil)

    /// - Parameters:
    ///   - host: `::` is every address of this machine, of IPv4 as well, also where it has no IPv6.
    ///   - port: 0 lets the kernel choose; `port` tells which.
    public static func bind(host: String, port: Int, backlog: Int32 = 4096) throws -> Listener {
        do {
            return try bindOne(host: host, port: port, backlog: backlog)
        } catch ListenerError.cannotListen(_, let error)
            where host == "::" && [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.code)
        {
            return try bindOne(host: "0.0.0.0", port: port, backlog: backlog)
        }
    }

    private static func bindOne(host: String, port: Int, backlog: Int32) throws -> Listener {
        var (storage, length, family) = try SocketAddress.resolve(host: host, port: port, passive: true)
        let wanted = SocketAddress(host: host, port: port)
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { throw ListenerError.cannotListen(wanted, SystemError("socket")) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        // Connections inherit it.
        var most = mostUnsent
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &most, socklen_t(MemoryLayout<Int32>.size))
        let bound = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, length) }
        }
        guard bound == 0, listen(descriptor, backlog) == 0 else {
            let error = SystemError(bound == 0 ? "listen" : "bind")
            close(descriptor)
            throw ListenerError.cannotListen(wanted, error)
        }
        withUnsafeMutablePointer(to: &storage) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Listener(descriptor: descriptor, address: SocketAddress(storage))
    }

    /// Listens on a Unix socket that every user of the machine may open who may enter its folder. A socket that a process
    /// left behind which is gone is replaced.
    ///
    /// - Throws: `ListenerError`, also where somebody listens there already or another kind of file is in the way.
    public static func bind(path: String, backlog: Int32 = 4096) throws -> Listener {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else {
            throw ListenerError.noUnixSocket(path: path, SystemError("bind", code: ENAMETOOLONG))
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw ListenerError.noUnixSocket(path: path, SystemError("socket")) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        func call(_ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0, length) == 0 }
            }
        }
        var isBound = call(Glibc.bind)
        if !isBound, errno == EADDRINUSE {
            // Nobody answers where a dead process's socket still lies, but neither does a file of another kind.
            var status = stat()
            let isSocket = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
            let isDead = isSocket && !call(Glibc.connect) && errno == ECONNREFUSED
            if isDead, unlink(path) == 0 { isBound = call(Glibc.bind) } else { errno = EADDRINUSE }
        }
        guard isBound, chmod(path, 0o666) == 0, listen(descriptor, backlog) == 0 else {
            let error = SystemError(isBound ? "listen" : "bind")
            close(descriptor)
            throw ListenerError.noUnixSocket(path: path, error)
        }
        return Listener(descriptor: descriptor, address: .unixSocket, path: path)
    }

    private init(descriptor: Int32, address: SocketAddress, path: String? = nil) {
        self.descriptor = descriptor
        self.address = address
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// Accepts from now on. `handler` runs once for each connection, in a task that prefers the connection's loop and is
    /// cancelled when the connection is cut; the connection is closed when it returns.
    public func serve(in connections: ConnectionSet, handler: @escaping @Sendable (Connection) async -> Void) {
        let acceptor = Acceptor(listener: self, descriptor: descriptor, connections: connections, handler: handler)
        self.acceptor.withLock { $0 = acceptor }
        acceptor.loop.execute { acceptor.start() }
    }

    /// Accepts no more. Connections that were accepted live on.
    public func stop() {
        guard let acceptor = acceptor.withLock({ $0.take() }) else { return }
        if let path { unlink(path) }
        acceptor.loop.execute { acceptor.stop() }
    }
}

/// The accepting side of a listener, confined to the first loop.
private final class Acceptor: DescriptorHandler, @unchecked Sendable {
    // @unchecked: immutable, or confined to `loop`.

    private let listener: Listener
    private let descriptor: Int32
    private let connections: ConnectionSet
    private let handler: @Sendable (Connection) async -> Void
    let loop: EventLoop
    private var token: WatchToken?

    init(
        listener: Listener, descriptor: Int32, connections: ConnectionSet,
        handler: @escaping @Sendable (Connection) async -> Void
    ) {
        self.listener = listener
        self.descriptor = descriptor
        self.connections = connections
        self.handler = handler
        loop = connections.group.loops[0]
    }

    func start() {
        token = try? loop.watch(descriptor, readable: true, writable: false, handler: self)
        accept()
    }

    func stop() {
        guard let token else { return }
        loop.unwatch(token, descriptor: descriptor)
        self.token = nil
        // Nobody is taken any more: those that wait in the backlog are told at once instead of hanging.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    func descriptorBecameReady(_ readiness: Readiness) {
        accept()
    }

    private func accept() {
        guard token != nil else { return }
        for _ in 0..<256 {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept4(descriptor, $0, &length, Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
                }
            }
            if accepted >= 0 {
                hand(accepted, from: SocketAddress(storage))
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return
            default:
                // Out of descriptors or memory: the edge is gone, so look again when some may have been freed.
                loop.schedule(after: .milliseconds(100)) { [weak self] in self?.accept() }
                return
            }
        }
        // A burst: let what was accepted run before taking more.
        loop.schedule(after: .zero) { [weak self] in self?.accept() }
    }

    private func hand(_ descriptor: Int32, from address: SocketAddress) {
        let loop = connections.group.next()
        let (connections, handler) = (connections, handler)
        loop.execute {
            guard let part = connections.part(on: loop),
                let connection = try? Connection(descriptor: descriptor, remoteAddress: address, loop: loop, part: part)
            else {
                close(descriptor)
                return
            }
            connection.task = Task(executorPreference: loop) {
                await handler(connection)
                connection.close()
            }
        }
    }
}
