import Reactor
import Security

/// Hashes and checks people's passwords; says `busy` instead of waiting in an endless line.
struct AccountPasswords: Sendable {
    let hasher: PasswordHasher

    /// - Throws: `AccountsError.busy`.
    func verify(
        _ password: String, against hash: PasswordHash?, for asker: PasswordHasher.Asker
    ) async throws -> Bool {
        // Longer ones can be no password of ours; hashing them would be work for a stranger.
        let isPlausible = password.utf8.count <= PasswordPolicy.maximumByteCount
        do {
            return try await hasher.verify(
                isPlausible ? password : "", against: isPlausible ? hash : nil, for: asker)
        } catch BlockingPoolError.full {
            throw AccountsError.busy
        }
    }

    /// - Throws: `AccountsError.busy`.
    func hash(_ password: String, for asker: PasswordHasher.Asker = .server) async throws -> PasswordHash {
        do {
            return try await hasher.hash(password, for: asker)
        } catch BlockingPoolError.full {
            throw AccountsError.busy
        }
    }

    /// The password's hash at today's cost, when the one it was checked against was made at another.
    func renewed(
        _ password: String, of old: PasswordHash?, for asker: PasswordHasher.Asker
    ) async throws -> PasswordHash? {
        guard let old, hasher.isOutdated(old) else { return nil }
        return try await hash(password, for: asker)
    }
}
