import Synchronization

/// Lets the sign-ins for one address go one after the other, so that several right ones at once are not taken for
/// guesses: an attempt counts as failed until its password was looked at.
final class SignInTurns: Sendable {
    /// More wait for no address: the next is told to come again.
    static let mostWaiting = 32

    private enum Turn: Sendable {
        case now, later, never
    }

    /// By address: who waits for the one that has its turn, the first to come first.
    private let lines = Mutex<[String: [UnsafeContinuation<Turn, Never>]]>([:])

    /// - Throws: `AccountsError.tooManyAttempts` when too many wait already; what `body` throws.
    func inTurn<T>(_ account: String, _ body: () async throws -> T) async throws -> T {
        let turn = await withUnsafeContinuation { (continuation: UnsafeContinuation<Turn, Never>) in
            let turn = enter(continuation, account)
            if turn != .later { continuation.resume(returning: turn) }
        }
        guard turn == .now else { throw AccountsError.tooManyAttempts(retryAfter: .seconds(1)) }
        defer { leave(account) }
        return try await body()
    }

    private func enter(_ continuation: UnsafeContinuation<Turn, Never>, _ account: String) -> Turn {
        lines.withLock { lines in
            guard let line = lines[account] else {
                lines[account] = []
                return .now
            }
            guard line.count < Self.mostWaiting else { return .never }
            lines[account] = line + [continuation]
            return .later
        }
    }

    private func leave(_ account: String) {
        let next: UnsafeContinuation<Turn, Never>? = lines.withLock { lines in
            guard let line = lines[account], let first = line.first else {
                lines[account] = nil
                return nil
            }
            lines[account] = Array(line.dropFirst())
            return first
        }
        next?.resume(returning: .now)
    }
}
