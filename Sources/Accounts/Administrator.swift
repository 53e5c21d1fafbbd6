import Cryptography
import FoundationEssentials
import SQL
import Security

/// An administrator who was made just now. The password is known here and nowhere else: print it once.
public struct NewAdministrator: Sendable {
    public let user: User
    /// Nil when the operator chose the password.
    public let generatedPassword: String?
    /// The account was there before; it has a new password, is an administrator now and is not locked.
    public let existed: Bool
    /// The chosen password would not be taken from anyone else.
    public let isPasswordWeak: Bool
}

extension Accounts {
    /// Makes the first administrator when nobody has an account yet, from the settings or with a generated password.
    /// Nil when there are accounts.
    public func ensureAdministrator(email: String?, password: String?) async throws -> NewAdministrator? {
        guard try await database.read({ [users] in try users.isEmpty(in: $0) }) else { return nil }
        return try await makeAdministrator(
            email: email ?? "admin@localhost", password: password, onlyIfEmpty: true)
    }

    /// For `palco admin create`: makes an administrator, or gives an existing account a new password, the role, and frees
    /// it from a lock.
    public func createAdministrator(
        email: String, password: String?, name: String? = nil
    ) async throws -> NewAdministrator {
        guard
            let made = try await makeAdministrator(email: email, password: password, name: name, onlyIfEmpty: false)
        else { throw AccountsError.emailTaken }
        return made
    }

    private func makeAdministrator(
        email: String, password: String?, name: String? = nil, onlyIfEmpty: Bool
    ) async throws -> NewAdministrator? {
        guard let address = EmailAddress(email) else { throw AccountsError.invalidEmail }
        let chosen = password.flatMap { $0.isEmpty ? nil : $0 }
        let generated = chosen == nil ? Random.password() : nil
        let secret = chosen ?? generated ?? ""
        let hash = try await hash(secret)
        let moment = now()
        let result: (User, Bool)? = try await database.write { [self] transaction in
            if onlyIfEmpty, try !users.isEmpty(in: transaction) { return nil }
            if let existing = try users.find(email: address, in: transaction) {
                return (try promote(existing, hash, at: moment, in: transaction), true)
            }
            let shown = name ?? address.description.split(separator: "@").first.map(String.init) ?? "admin"
            var user = User(email: address, name: shown, role: .admin, createdAt: moment)
            user.passwordHash = hash
            try users.insert(user, in: transaction)
            return (user, false)
        }
        guard let (user, existed) = result else { return nil }
        log.info("administrator made", ["user_id": "\(user.id)", "existed": .bool(existed)])
        return NewAdministrator(
            user: user, generatedPassword: generated, existed: existed,
            isPasswordWeak: chosen.map { !PasswordPolicy.complaints(about: $0).isEmpty } ?? false)
    }

    private func promote(
        _ user: User, _ hash: PasswordHash, at moment: Date, in transaction: Transaction
    ) throws -> User {
        try setPassword(hash, of: user.id, at: moment, in: transaction)
        try users.setRole(user.id, .admin, in: transaction)
        try users.setDisabled(user.id, false, in: transaction)
        try attempts.forgiveAll(user.email.description, in: transaction)
        return try users.find(user.id, in: transaction) ?? user
    }
}
