import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry

/// Makes the account that was registered, for whoever has both the link of the mail and the password of the registration. A stranger
/// who registered somebody's address has no link, and who reads a mail that another one caused has no password.
struct VerifyRegistration: Sendable {
    let database: Database
    let passwords: AccountPasswords
    let admit: AdmitPerson
    let log: Log
    let now: @Sendable () -> Date
    private let registrations = RegistrationStore()

    init(
        database: Database, passwords: AccountPasswords, admit: AdmitPerson, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.admit = admit
        self.log = log
        self.now = now
    }

    /// - Throws: `RegistrationError.noSuchLink`, also where the address has an account by now; `AccountsError.badCredentials`, `busy`.
    func callAsFunction(
        _ token: LinkToken, password: String, from origin: SessionOrigin, network: IPNetwork
    ) async throws -> IssuedSession {
        let (hash, moment) = (token.hash, now())
        // What nobody has is found out by a reader, so that strangers cannot keep the one writer busy.
        guard try await database.readOnce({ try registrations.isKnown(tokenHash: hash, in: $0) }) else {
            throw RegistrationError.noSuchLink
        }
        // Counted before it is looked at.
        let found = try await database.write { try registrations.attempt(tokenHash: hash, at: moment, in: $0) }
        guard let found else { throw RegistrationError.noSuchLink }
        guard try await passwords.verify(password, against: found.passwordHash, for: .network(network)) else {
            log.warning("wrong password for a registration", ["registration": "\(found.id)"])
            throw AccountsError.badCredentials
        }
        let newcomer = Newcomer(
            email: found.email, name: found.name, locale: found.locale, passwordHash: found.passwordHash,
            invitation: found.invitation, isVerified: found.wasMailed)
        do {
            return try await admit(newcomer, of: found.id, from: origin)
        } catch AccountsError.emailTaken {
            throw RegistrationError.noSuchLink
        } catch RegistrationError.noSuchInvitation {
            throw RegistrationError.noSuchLink
        }
    }
}
