import CSystem
import Glibc

/// POSIX signals as values that a task can wait for.
public struct SignalNumber: Sendable, Hashable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let terminate = SignalNumber(rawValue: SIGTERM)
    public static let interrupt = SignalNumber(rawValue: SIGINT)
    public static let hangUp = SignalNumber(rawValue: SIGHUP)
}

/// Blocks signals in the whole process and delivers them to `next`.
///
/// Make it before any thread is started: threads inherit the mask of their maker.
public final class SignalStream: @unchecked Sendable {
    // @unchecked: immutable but for `waiter`, `pending` and `token`, confined to the loop of `next`.

    private let descriptor: Int32
    private var token: WatchToken?
    private var waiter: UnsafeContinuation<SignalNumber, Never>?

    public init(_ signals: [SignalNumber]) throws {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.rawValue) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError("signalfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Waits for the next signal. One task at a time.
    public func next(on loop: EventLoop) async -> SignalNumber {
        await withUnsafeContinuation { continuation in
            loop.execute { [self] in
                waiter = continuation
                if token == nil { token = try? loop.watch(descriptor, readable: true, writable: false, handler: self) }
                descriptorBecameReady([])
            }
        }
    }
}

extension SignalStream: DescriptorHandler {
    func descriptorBecameReady(_ readiness: Readiness) {
        guard let waiter else { return }
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard read(descriptor, &information, size) == size else { return }
        self.waiter = nil
        waiter.resume(returning: SignalNumber(rawValue: Int32(information.ssi_signo)))
    }
}
