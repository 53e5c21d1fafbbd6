import CSystem
import Glibc
import TLS

public enum ConnectionError: Error, Sendable, Equatable {
    /// The deadline passed, the server is stopping, or the connection was closed from this side.
    case timedOut, stopping, closed
    /// Somebody else writes, or waits for bytes, already: a connection has one reader and one writer at a time.
    case busy
    /// The peer went away: reset, broken pipe, unreachable.
    case disconnected(SystemError)
    /// What the peer sent is no TLS, or not such as is taken.
    case tls(TLSError)
}

/// Handles what came while a read waits, without waking the task that waits: that costs as much as a small answer.
///
/// A class and no protocol, so that the connection can ask it without holding it.
open class InputHandler {
    public init() {}

    /// - Returns: whether the wait goes on.
    open func inputCame() -> Bool { false }
}

/// One TCP connection, confined to its loop.
///
/// Each call first tries the system call and waits for an edge of epoll only when the kernel has nothing to give or
/// no room to take. At most one read and one write may wait at a time.
public final class Connection: @unchecked Sendable {
    // @unchecked: confined to `loop`; each entry checks.

    public let loop: EventLoop
    /// The other end, or the client for whom a proxy at the other end speaks (`speaks(for:securely:)`).
    @exclusivity(unchecked) public private(set) var remoteAddress: SocketAddress
    /// The proxy at the other end, if there is one that speaks for somebody else.
    @exclusivity(unchecked) public private(set) var proxyAddress: SocketAddress?
    /// Somebody else speaks TLS with the client and said so.
    @exclusivity(unchecked) public private(set) var isSecureBefore = false
    let descriptor: Int32
    private let part: ConnectionSet.Part
    @exclusivity(unchecked) private var token: WatchToken?
    /// What works for this connection: cancelled when it is cut.
    @exclusivity(unchecked) var task: Task<Void, Never>?
    /// What encrypts, if anything does.
    @exclusivity(unchecked) var tls: TLSSession?
    /// TLS waits for the other direction: a read for room to write, or a write for something to read.
    @exclusivity(unchecked) var readNeedsRoom = false
    @exclusivity(unchecked) var writeNeedsBytes = false
    @exclusivity(unchecked) private var readWaiter: UnsafeContinuation<Void, any Error>?
    @exclusivity(unchecked) private var writeWaiter: UnsafeContinuation<Void, any Error>?
    /// There may be bytes to read: an edge came, or nobody looked yet. Otherwise a read need not ask the kernel.
    @exclusivity(unchecked) var sawReadable = true
    /// The peer closed its side or the connection broke: epoll tells that once, so reads ask until they see it.
    @exclusivity(unchecked) private var sawHangUp = false
    /// An edge that came while nobody waited: the next wait ends at once instead of missing it.
    @exclusivity(unchecked) var sawWritable = false
    @exclusivity(unchecked) private var failure: ConnectionError?
    /// Somebody is in the middle of what they write.
    @exclusivity(unchecked) var isWriting = false
    @exclusivity(unchecked) private var uninterrupted = 0
    /// What went over the socket so far.
    @exclusivity(unchecked) public internal(set) var receivedByteCount = 0
    @exclusivity(unchecked) public internal(set) var sentByteCount = 0

    /// When the loop's sweep cuts the connection with `timedOut`; coarse, within half a second.
    @exclusivity(unchecked) public var deadline = MonotonicTime.distantFuture

    /// When a wait for the peer's bytes ends with `timedOut`. Unlike `deadline` it leaves the connection usable, so that
    /// the peer can be told why. As coarse.
    public var readDeadline: MonotonicTime {
        get { readEnd }
        set { readEnd = newValue }
    }
    /// Stored apart, since what is said of exclusivity here holds in this module only.
    @exclusivity(unchecked) private var readEnd = MonotonicTime.distantFuture

    /// True while nothing is in flight (waiting for a next request): draining ends such a connection at once.
    @exclusivity(unchecked) public var isIdle = false {
        didSet { if isIdle && part.isDraining { abort(.stopping) } }
    }

    /// Since when the peer has asked for nothing, or has not got further than the beginning of a question; `distantFuture`
    /// while something is done for it. Where places are short such a connection may be ended.
    public var waitingSince: MonotonicTime {
        get { waitBegan }
        set { waitBegan = newValue }
    }
    @exclusivity(unchecked) private var waitBegan = MonotonicTime.distantFuture

    /// True while what is done is done for the peer alone: its leaving cancels the connection's task at once. A peer that
    /// says that it will send nothing more counts as gone: over TCP both look the same.
    ///
    /// What writes to the connection is not stopped by it, so an answer that needs no waiting still arrives at a peer that
    /// only closed its sending side.
    @exclusivity(unchecked) public var endsWithPeer = false {
        didSet { if endsWithPeer && sawHangUp { task?.cancel() } }
    }

    /// Who handles what comes while a read waits. Not held.
    @exclusivity(unchecked) private var inputHandler: Unmanaged<InputHandler>?
    @exclusivity(unchecked) private var handlesInPlace = false

    /// Called when the server begins to stop, for a connection that must say goodbye instead of ending at once.
    public var stopping: (() -> Void)?

    /// The server is stopping: finish what is in flight and take no more.
    public var isDraining: Bool { part.isDraining }

    /// After so many bytes in a row without waiting, other work of the loop gets its turn.
    private static let fairShare = 1 << 20

    init(descriptor: Int32, remoteAddress: SocketAddress, loop: EventLoop, part: ConnectionSet.Part) throws {
        self.descriptor = descriptor
        self.remoteAddress = remoteAddress
        self.loop = loop
        self.part = part
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        token = try loop.watch(descriptor, readable: true, writable: true, handler: self)
        part.add(self)
    }

    /// A proxy at the other end told before anything else for whom it opened the connection, and whether that client
    /// speaks TLS with it.
    public func speaks(for client: SocketAddress, securely: Bool) {
        loop.preconditionOnLoop()
        proxyAddress = remoteAddress
        remoteAddress = client
        isSecureBefore = securely
    }

    // MARK: Reading

    /// Reads what is there into the free space of `buffer`; 0 is the end of the stream. Waits until something is.
    ///
    /// - Throws: `ConnectionError`.
    public func read(into buffer: inout ByteBuffer) async throws -> Int {
        while true {
            if let count = try tryRead(into: &buffer) {
                if shouldYield(after: count) { await Task.yield() }
                return count
            }
            try await waitUntilReadable()
        }
    }

    /// Whether there may be something to read; false where `tryRead` would give nothing.
    public var mayRead: Bool { tls != nil || sawReadable }

    /// Nil when nothing is there now.
    public func tryRead(into buffer: inout ByteBuffer) throws -> Int? {
        try checkOpen()
        precondition(buffer.writableCount > 0, "reading needs free space")
        if let tls { return try tryRead(into: &buffer, tls) }
        if !sawReadable { return nil }
        var blocked = false
        let count = try buffer.withUnsafeWritableBytes { bytes in
            while true {
                let count = csystem_recv(descriptor, bytes.baseAddress, bytes.count)
                if count >= 0 {
                    // A short read emptied the socket (epoll(7), question 9): what comes next makes an edge.
                    if count < bytes.count, !sawHangUp { sawReadable = false }
                    receivedByteCount &+= count
                    return count
                }
                if errno == EAGAIN {
                    sawReadable = false
                    blocked = true
                    return 0
                }
                if errno != EINTR { throw ConnectionError.disconnected(SystemError("recv")) }
            }
        }
        return blocked ? nil : count
    }

    /// Suspends until the peer sent something or went away. A buffer need not be held while waiting.
    ///
    /// Call only after `tryRead` returned nil: epoll tells of an edge once.
    public func waitUntilReadable() async throws { try await waitUntilReadable(handlesInPlace: false) }

    /// - Parameter handlesInPlace: the input handler is asked before the wait ends.
    public func waitUntilReadable(handlesInPlace: Bool) async throws {
        try checkOpen()
        if readWaiter != nil { throw ConnectionError.busy }
        uninterrupted = 0
        self.handlesInPlace = handlesInPlace
        try await withUnsafeThrowingContinuation { continuation in
            park(continuation, in: &readWaiter, unless: readNeedsRoom ? sawWritable : sawReadable)
        }
    }

    // MARK: Writing

    /// Writes all of `bytes`, waiting while the peer takes no more. Until then everybody else's writing throws `busy`, so
    /// that nothing gets in between.
    ///
    /// - Parameter more: more follows at once; the kernel may hold a short packet back for it (`MSG_MORE`).
    public func write(_ bytes: ArraySlice<UInt8>, more: Bool = false) async throws {
        try beginWriting()
        defer { isWriting = false }
        try await writeAlone(bytes, more: more)
    }

    /// For who has begun writing.
    func writeAlone(_ bytes: ArraySlice<UInt8>, more: Bool) async throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = try rest.withUnsafeBytes { try trySend($0, more: more) }
            guard let count else {
                try await waitUntilWritable()
                continue
            }
            rest = rest.dropFirst(count)
            if shouldYield(after: count) { await Task.yield() }
        }
    }

    public func write(_ bytes: [UInt8], more: Bool = false) async throws {
        try await write(bytes[...], more: more)
    }

    /// Writes and consumes all readable bytes of `buffer`.
    public func write(_ buffer: inout ByteBuffer, more: Bool = false) async throws {
        try beginWriting()
        defer { isWriting = false }
        while !buffer.isEmpty {
            guard let count = try buffer.withUnsafeReadableBytes({ try trySend($0, more: more) }) else {
                try await waitUntilWritable()
                continue
            }
            buffer.consume(count)
            if shouldYield(after: count) { await Task.yield() }
        }
    }

    /// Writes what the kernel takes now and returns how much that was; nil when it takes nothing.
    public func tryWrite(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
        if isWriting { throw ConnectionError.busy }
        return try trySend(bytes, more: false)
    }

    private func trySend(_ bytes: UnsafeRawBufferPointer, more: Bool) throws -> Int? {
        try checkOpen()
        if let tls, !tls.kernelSends {
            return try bytes.isEmpty ? 0 : tryWrite(bytes, tls)
        }
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        while true {
            let count = csystem_send(descriptor, bytes.baseAddress, bytes.count, flags)
            if count >= 0 {
                sentByteCount &+= count
                return count
            }
            if errno == EAGAIN {
                sawWritable = false
                return nil
            }
            if errno != EINTR { throw ConnectionError.disconnected(SystemError("send")) }
        }
    }

    func waitUntilWritable() async throws {
        try checkOpen()
        if writeWaiter != nil { throw ConnectionError.busy }
        uninterrupted = 0
        try await withUnsafeThrowingContinuation { continuation in
            park(continuation, in: &writeWaiter, unless: writeNeedsBytes ? sawReadable : sawWritable)
        }
    }

    func beginWriting() throws {
        loop.preconditionOnLoop()
        if isWriting { throw ConnectionError.busy }
        isWriting = true
    }

    func shouldYield(after count: Int) -> Bool {
        uninterrupted += count
        if uninterrupted < Self.fairShare { return false }
        uninterrupted = 0
        return true
    }

    // MARK: Ending

    /// Tells the peer that nothing more comes; reading goes on.
    public func shutdownWrite() {
        loop.preconditionOnLoop()
        guard failure == nil else { return }
        tls?.sendClose()
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes the socket. Whoever waits on it gets `ConnectionError.closed`. Calling again does nothing.
    public func close() {
        // A task that closes its connection is done: it need not be cancelled.
        task = nil
        abort(.closed)
        guard let token else { return }
        self.token = nil
        loop.unwatch(token, descriptor: descriptor)
        part.remove(self)
        Glibc.close(descriptor)
    }

    /// Makes every wait and later call throw `reason`. The task that owns the connection then closes it.
    public func abort(_ reason: ConnectionError) {
        loop.preconditionOnLoop()
        guard failure == nil else { return }
        failure = reason
        deadline = .distantFuture
        task?.cancel()
        resume(&readWaiter, with: .failure(reason))
        resume(&writeWaiter, with: .failure(reason))
    }

    /// The server begins to stop.
    func beginDraining() {
        if isIdle { abort(.stopping) } else { stopping?() }
    }

    /// Ends a wait for the peer's bytes as if some had come.
    public func resumeRead() { resume(&readWaiter, with: .success(())) }

    /// Ends a wait for the peer's bytes with `timedOut`; the connection stays usable.
    public func endWaitForRead() {
        readDeadline = .distantFuture
        resume(&readWaiter, with: .failure(ConnectionError.timedOut))
    }

    @inline(__always)
    func checkOpen() throws {
        loop.preconditionOnLoop()
        if let failure { throw failure }
    }

    /// The loop may have gone round once since the caller looked: an edge, or the end, may have come meanwhile.
    private func park(
        _ continuation: UnsafeContinuation<Void, any Error>, in waiter: inout UnsafeContinuation<Void, any Error>?,
        unless sawEdge: Bool
    ) {
        if let failure { return continuation.resume(throwing: failure) }
        if sawEdge { continuation.resume() } else { waiter = continuation }
    }

    private func resume(_ waiter: inout UnsafeContinuation<Void, any Error>?, with result: Result<Void, any Error>) {
        guard let continuation = waiter else { return }
        waiter = nil
        continuation.resume(with: result)
    }
}

extension Connection: DescriptorHandler {
    /// - Parameter handler: lives until it is taken away again.
    public func setInputHandler(_ handler: InputHandler?) { inputHandler = handler.map(Unmanaged.passUnretained) }

    private func handleInPlace() -> Bool {
        inputHandler?._withUnsafeGuaranteedRef { $0.inputCame() } ?? false
    }

    func descriptorBecameReady(_ readiness: Readiness) {
        if readiness.isReadable {
            sawReadable = true
            if readiness.isHangUp {
                sawHangUp = true
                if endsWithPeer { task?.cancel() }
            }
            if readWaiter != nil, !(handlesInPlace && handleInPlace()) {
                resume(&readWaiter, with: .success(()))
            }
            if writeNeedsBytes { resume(&writeWaiter, with: .success(())) }
        }
        if readiness.isWritable {
            sawWritable = true
            resume(&writeWaiter, with: .success(()))
            if readNeedsRoom { resume(&readWaiter, with: .success(())) }
        }
    }
}

extension Connection {
    /// Opens a connection to `address` on `loop`. Call from a task that prefers `loop`.
    ///
    /// - Parameter deadline: of the connection, which it has until somebody gives it another.
    /// - Throws: `ConnectionError`; `closed` where the task is cancelled.
    public static func connect(
        to address: SocketAddress, on loop: EventLoop, by deadline: MonotonicTime = .distantFuture
    ) async throws -> Connection {
        loop.preconditionOnLoop()
        var (storage, length, family) = try SocketAddress.resolve(
            host: address.host, port: address.port, passive: false)
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        let status = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
        }
        if status != 0 && errno != EINPROGRESS {
            let error = SystemError("connect")
            Glibc.close(descriptor)
            throw ConnectionError.disconnected(error)
        }
        let connection: Connection
        do {
            connection = try Connection(
                descriptor: descriptor, remoteAddress: address, loop: loop, part: loop.outgoing)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        connection.deadline = deadline
        if status != 0 {
            do {
                try await withTaskCancellationHandler {
                    try await connection.waitUntilWritable()
                } onCancel: {
                    loop.execute { connection.abort(.closed) }
                }
            } catch {
                connection.close()
                throw error
            }
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        if code != 0 {
            connection.close()
            throw ConnectionError.disconnected(SystemError("connect", code: code))
        }
        return connection
    }
}
