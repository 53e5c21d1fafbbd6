import SQL

extension Accounts {
    /// Frees an account from the locks that wrong passwords have put on it.
    ///
    /// - Throws: `AccountsError.invalidEmail`; `noSuchAccount`.
    public func unlock(email: String) async throws {
        guard let address = EmailAddress(email) else { throw AccountsError.invalidEmail }
        try await database.write { [users, attempts] transaction in
            guard try users.find(email: address, in: transaction) != nil else { throw AccountsError.noSuchAccount }
            try attempts.forgiveAll(address.description, in: transaction)
        }
        log.info("account unlocked", ["email": .string(address.description)])
    }
}
