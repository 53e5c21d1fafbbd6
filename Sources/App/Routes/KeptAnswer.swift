import Reactor
import Synchronization

/// An answer that many ask for and that costs work: it is found once for all who ask within a while, and never twice at
/// the same time.
final class KeptAnswer<Value: Sendable>: Sendable {
    private struct State {
        var kept: (value: Value, until: MonotonicTime)?
        var isLooking = false
        var waiting: [UnsafeContinuation<Value, Never>] = []
    }

    private enum Part {
        case known(Value)
        case look, wait
    }

    private let lifetime: Duration
    private let now: @Sendable () -> MonotonicTime
    private let look: @Sendable () async -> Value
    private let state = Mutex(State())

    init(
        for lifetime: Duration, now: @escaping @Sendable () -> MonotonicTime = { .now },
        _ look: @escaping @Sendable () async -> Value
    ) {
        self.lifetime = lifetime
        self.now = now
        self.look = look
    }

    var waitingCount: Int { state.withLock { $0.waiting.count } }

    func callAsFunction() async -> Value {
        switch part() {
        case .known(let value): return value
        case .look: return await lookForAll()
        case .wait:
            return await withUnsafeContinuation { continuation in
                // It may have been found since.
                let found = state.withLock { state -> Value? in
                    if state.isLooking {
                        state.waiting.append(continuation)
                        return nil
                    }
                    return state.kept?.value
                }
                if let found { continuation.resume(returning: found) }
            }
        }
    }

    private func part() -> Part {
        let moment = now()
        return state.withLock { state in
            if let kept = state.kept, moment < kept.until { return .known(kept.value) }
            if state.isLooking { return .wait }
            state.isLooking = true
            return .look
        }
    }

    private func lookForAll() async -> Value {
        let value = await look()
        let until = now() + lifetime
        let waiting = state.withLock { state in
            state.kept = (value, until)
            state.isLooking = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: value) }
        return value
    }
}
