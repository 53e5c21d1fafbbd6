import Reactor
import Synchronization

/// Lets the attempts of one source for one account go one after the other, so that each is counted before the next one is
/// looked at.
final class SignInTurns: Sendable {
    struct Line: Hashable, Sendable {
        let account: String
        let source: SignInSource
    }

    /// More do not wait in a line: the next one is told to come again.
    static let mostWaiting = 32

    private enum Turn: Sendable {
        case now, later, never
    }

    /// Who waits for the one that has its turn, the first to come first.
    private let lines = Mutex<[Line: [UnsafeContinuation<Turn, Never>]]>([:])

    /// - Throws: `AccountsError.tooManyAttempts` when too many wait already; what `body` throws.
    func inTurn<T>(_ name: Line, _ body: () async throws -> T) async throws -> T {
        let turn = await withUnsafeContinuation { (continuation: UnsafeContinuation<Turn, Never>) in
            let turn = enter(continuation, name)
            if turn != .later { continuation.resume(returning: turn) }
        }
        guard turn == .now else { throw AccountsError.tooManyAttempts(TooManyAttempts(retryAfter: .seconds(1))) }
        defer { leave(name) }
        return try await body()
    }

    private func enter(_ continuation: UnsafeContinuation<Turn, Never>, _ name: Line) -> Turn {
        lines.withLock { lines in
            guard let line = lines[name] else {
                lines[name] = []
                return .now
            }
            guard line.count < Self.mostWaiting else { return .never }
            lines[name] = line + [continuation]
            return .later
        }
    }

    private func leave(_ name: Line) {
        let next: UnsafeContinuation<Turn, Never>? = lines.withLock { lines in
            guard let line = lines[name], let first = line.first else {
                lines[name] = nil
                return nil
            }
            lines[name] = Array(line.dropFirst())
            return first
        }
        next?.resume(returning: .now)
    }
}
