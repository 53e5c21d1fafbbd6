import Reactor
import Synchronization

/// Wakes all who wait when something may have changed for them; they look again and wait on.
final class Bell: Sendable {
    private struct State {
        var rings = 0
        var nextWaiter = 0
        var waiters: [Int: UnsafeContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Take it before looking; `wait(after:)` then misses no ring that comes while looking.
    var rings: Int { state.withLock { $0.rings } }

    /// How many wait at this moment.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    func ring() {
        let waiters = state.withLock { state in
            state.rings += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns at the first ring after `rings`, when the patience ends, or when the task is cancelled.
    func wait(after rings: Int, patience: Duration, on loop: EventLoop) async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let end = MonotonicTime.now + patience
        let timer = LoopTimer(after: patience, on: loop) { [weak self] in self?.wake(number) }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isOver = state.withLock { state in
                    // The timer or a cancellation may have come already, and woke nobody.
                    guard state.rings == rings, !Task.isCancelled, MonotonicTime.now < end else { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake(number)
        }
    }

    private func wake(_ number: Int) {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
}
