import CSystem
import Glibc

/// Our end of a child's pipe, or its pidfd, on a loop and confined to it. What cannot be done now is waited for.
final class PipeEnd: DescriptorHandler, @unchecked Sendable {
    // @unchecked: confined to `loop`.

    let loop: EventLoop
    private let onReady: (() -> Void)?
    private var descriptor: Int32 = -1
    private var token: WatchToken?
    private var waiter: UnsafeContinuation<Void, any Error>?
    private var waits = 0
    /// An edge came since the pipe was found empty, or full.
    private var sawEdge = true
    private var uninterrupted = 0

    /// After so many pieces in a row the other work of the loop gets its turn.
    static let share = 8
    static let pieceByteCount = 64 << 10

    /// - Parameter onReady: called once per edge, for an end that nobody waits for.
    init(loop: EventLoop, onReady: (() -> Void)? = nil) {
        self.loop = loop
        self.onReady = onReady
    }

    var isOpen: Bool { token != nil }

    /// Takes the descriptor over, also when it throws.
    func open(_ descriptor: Int32, writable: Bool = false) throws {
        loop.preconditionOnLoop()
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        do {
            token = try loop.watch(descriptor, readable: !writable, writable: writable, handler: self)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    /// Whoever waits looks again.
    func close() {
        loop.preconditionOnLoop()
        guard let token else { return }
        self.token = nil
        loop.unwatch(token, descriptor: descriptor)
        Glibc.close(descriptor)
        descriptorBecameReady([])
    }

    func descriptorBecameReady(_ readiness: Readiness) {
        sawEdge = true
        waiter.take()?.resume()
        onReady?()
    }

    /// What is there now, at most `limit` bytes; empty at the end of the stream, nil when nothing is there.
    func read(upTo limit: Int = PipeEnd.pieceByteCount) -> [UInt8]? {
        loop.preconditionOnLoop()
        guard isOpen else { return [] }
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                failure = result < 0 ? errno : 0
                count = max(0, result)
            }
            switch failure {
            case EINTR: continue
            case EAGAIN:
                sawEdge = false
                return nil
            default: return bytes
            }
        }
    }

    /// All that is in the pipe at this moment: after the end of the child this is all that it wrote, even where a process
    /// that left its group still writes. No more than the pipe holds.
    func readRest() -> [UInt8] {
        let count = byteCountThere
        return count > 0 ? read(upTo: count) ?? [] : []
    }

    /// How much can be read at this moment.
    var byteCountThere: Int {
        var count: Int32 = 0
        guard isOpen, ioctl(descriptor, UInt(FIONREAD), &count) == 0 else { return 0 }
        return Int(count)
    }

    /// How many bytes the pipe took; nil when it takes none now.
    ///
    /// - Throws: `ChildStreamError.closed` where nobody reads any more.
    func write(_ bytes: ArraySlice<UInt8>) throws -> Int? {
        loop.preconditionOnLoop()
        guard isOpen else { throw ChildStreamError.closed }
        while true {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                sawEdge = false
                return nil
            case EPIPE: throw ChildStreamError.closed
            default: throw SystemError("write")
            }
        }
    }

    /// Suspends until there is more to read, room to write, or an end to see. The cancellation of the task ends the wait.
    func untilReady() async throws {
        loop.preconditionOnLoop()
        if waiter != nil { throw ChildStreamError.busy }
        uninterrupted = 0
        waits += 1
        let own = waits
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                if sawEdge { continuation.resume() } else { waiter = continuation }
            }
        } onCancel: {
            loop.execute { [self] in
                if waits == own { waiter.take()?.resume(throwing: CancellationError()) }
            }
        }
    }

    /// Lets the loop do other work after a share of pieces without a wait.
    func yieldAfterShare() async {
        uninterrupted += 1
        guard uninterrupted >= Self.share else { return }
        uninterrupted = 0
        await Task.yield()
    }
}
