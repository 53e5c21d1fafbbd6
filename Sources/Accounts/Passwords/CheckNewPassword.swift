import SQL
import Security
import Web

/// Whether a password will do as a person's next one.
struct CheckNewPassword: Sendable {
    let database: Database
    let policy: PasswordPolicy
    let former: FormerPasswords
    let passwords: AccountPasswords

    /// By the policy, and not one of those that the person had before. Costs a hash for each of them: for who is known to be
    /// the person.
    ///
    /// - Throws: `Problem` that names the field; `AccountsError.busy`.
    func callAsFunction(
        _ password: String, of person: UserID, field: String, for asker: PasswordHasher.Asker
    ) async throws {
        let complaints = policy.complaints(about: password, field: field)
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        let hashes = try await database.readOnce { [former] in try former.hashes(of: person, in: $0) }
        for hash in hashes where try await passwords.verify(password, against: hash, for: asker) {
            throw Problem.invalid(field: field, code: "used_before", "You had this password before: choose another.")
        }
    }
}
