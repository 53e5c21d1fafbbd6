import CSystem
import Glibc
import Synchronization

/// POSIX signals as values that a task can wait for.
public struct SignalNumber: Sendable, Hashable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let terminate = SignalNumber(rawValue: SIGTERM)
    public static let interrupt = SignalNumber(rawValue: SIGINT)
    public static let hangUp = SignalNumber(rawValue: SIGHUP)
}

/// Delivers signals of the process to `next` instead of their default action.
///
/// A handler, not a blocked mask with `signalfd`: by the time `async` code runs, threads exist that do not block the signal,
/// and the kernel may choose any of them. There is one stream at a time; a later one takes the signals over.
public final class SignalStream: @unchecked Sendable {
    // @unchecked: immutable but for `waiter`, `cancelled` and `token`, confined to the loop of `next`.

    private let ends: (reading: Int32, writing: Int32)
    private var token: WatchToken?
    private var waiter: (number: Int, continuation: UnsafeContinuation<SignalNumber?, Never>)?
    /// The wait that was cancelled last; it may not have begun yet.
    private var cancelled = 0
    private let waits = Atomic(0)

    public init(_ signals: [SignalNumber]) throws {
        var pair: [Int32] = [-1, -1]
        guard pipe2(&pair, O_CLOEXEC | O_NONBLOCK) == 0 else { throw SystemError("pipe2") }
        ends = (pair[0], pair[1])
        signalPipe.store(ends.writing, ordering: .sequentiallyConsistent)
        for number in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                // Only what is allowed in a handler: an atomic load and a write.
                var byte = UInt8(truncatingIfNeeded: number)
                let saved = errno
                _ = write(signalPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
                errno = saved
            }
            action.sa_flags = SA_RESTART
            guard sigaction(number.rawValue, &action, nil) == 0 else { throw SystemError("sigaction") }
        }
    }

    deinit {
        _ = signalPipe.compareExchange(expected: ends.writing, desired: -1, ordering: .sequentiallyConsistent)
        close(ends.reading)
        close(ends.writing)
    }

    /// Waits for the next signal; nil when the task is cancelled. One task at a time.
    public func next(on loop: EventLoop) async -> SignalNumber? {
        let number = waits.wrappingAdd(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                loop.execute { [self] in
                    if cancelled == number { return continuation.resume(returning: nil) }
                    waiter = (number, continuation)
                    if token == nil {
                        token = try? loop.watch(ends.reading, readable: true, writable: false, handler: self)
                    }
                    descriptorBecameReady([])
                }
            }
        } onCancel: {
            loop.execute { [self] in
                cancelled = number
                if waiter?.number == number { waiter.take()?.continuation.resume(returning: nil) }
            }
        }
    }
}

/// Where the handler writes to; -1: nowhere.
private let signalPipe = Atomic<Int32>(-1)

extension SignalStream: DescriptorHandler {
    func descriptorBecameReady(_ readiness: Readiness) {
        guard waiter != nil else { return }
        var byte: UInt8 = 0
        guard read(ends.reading, &byte, 1) == 1 else { return }
        waiter.take()?.continuation.resume(returning: SignalNumber(rawValue: Int32(byte)))
    }
}
