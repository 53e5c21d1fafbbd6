import Reactor
import Synchronization

/// Who may hash next. As many at a time as there are threads; the others wait in a line for each asker, and the lines have
/// their turns one after the other. So the one who sends a crowd waits for the crowd, and others do not.
final class HashingTurns: Sendable {
    private struct State {
        var free: Int
        var lines: [PasswordHasher.Asker: [UnsafeContinuation<Bool, Never>]] = [:]
        /// The askers for whom somebody waits, the next one first.
        var order: [PasswordHasher.Asker] = []
        var waiting = 0
    }

    private let mostWaiting: Int
    private let mostOfOneAsker: Int
    private let state: Mutex<State>

    init(atOnce: Int, mostWaiting: Int, mostOfOneAsker: Int) {
        self.mostWaiting = mostWaiting
        self.mostOfOneAsker = mostOfOneAsker
        state = Mutex(State(free: max(1, atOnce)))
    }

    var waitingCount: Int { state.withLock { $0.waiting } }

    /// - Throws: `BlockingPoolError.full` when too many wait already; what `body` throws.
    func inTurn<T>(_ asker: PasswordHasher.Asker, _ body: () async throws -> T) async throws -> T {
        let isWelcome = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            if let answer = enter(asker, continuation) { continuation.resume(returning: answer) }
        }
        guard isWelcome else { throw BlockingPoolError.full }
        defer { leave() }
        return try await body()
    }

    /// Nil: the answer comes later.
    private func enter(_ asker: PasswordHasher.Asker, _ continuation: UnsafeContinuation<Bool, Never>) -> Bool? {
        state.withLock { state in
            // While a thread is free nobody waits.
            if state.free > 0 {
                state.free -= 1
                return true
            }
            let line = state.lines[asker] ?? []
            guard state.waiting < mostWaiting, line.count < mostOfOneAsker else { return false }
            if line.isEmpty { state.order.append(asker) }
            state.lines[asker] = line + [continuation]
            state.waiting += 1
            return nil
        }
    }

    private func leave() {
        let next: UnsafeContinuation<Bool, Never>? = state.withLock { state in
            guard let asker = state.order.first, let line = state.lines[asker], let first = line.first else {
                state.free += 1
                return nil
            }
            state.order.removeFirst()
            state.waiting -= 1
            state.lines[asker] = line.count > 1 ? Array(line.dropFirst()) : nil
            if line.count > 1 { state.order.append(asker) }
            return first
        }
        next?.resume(returning: true)
    }
}
