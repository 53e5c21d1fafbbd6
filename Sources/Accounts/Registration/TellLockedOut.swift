import FoundationEssentials
import SQL

/// Tells the owner of an account that wrong passwords, or wrong one-time codes, have locked somebody out of it.
struct TellLockedOut: Sendable {
    let database: Database
    let post: PostLetter
    /// Strangers in many networks can cause as many locks.
    let allowance: LetterAllowance
    /// Of a lock, in seconds.
    let lockTime: TimeInterval

    /// - Parameters:
    ///   - account: the address that was typed.
    ///   - user: whose it is; for nobody's as much work is done.
    ///   - byCodes: the last wrong one was a one-time code, after the right password.
    func callAsFunction(_ account: String, of user: User?, byCodes: Bool = false) async throws {
        guard post.isPossible, let email = EmailAddress(account), await allowance.takes(email) else { return }
        let forgot = post.site.forgot
        let letter: Letter =
            byCodes ? .codesLocked(time: lockTime, reset: forgot) : .accountLocked(time: lockTime, reset: forgot)
        _ = try await database.write { transaction in
            if let user {
                try post(letter, to: user, in: transaction)
            } else {
                try post(letter, to: email, locale: nil, lifetime: lockTime, isSent: false, in: transaction)
            }
        }
    }
}
