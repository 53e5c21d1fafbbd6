import FoundationEssentials
import SQL
import Telemetry

/// Registrations that wait for their verification, for administrators: they hand links on where no mail does.
struct WaitingRegistrations: Sendable {
    let database: Database
    let site: PublicSite
    /// Of a link, in seconds.
    let lifetime: TimeInterval
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let registrations = RegistrationStore()

    init(
        database: Database, site: PublicSite, lifetime: TimeInterval, audit: AuditLog, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.site = site
        self.lifetime = lifetime
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// The newest first.
    func list(before cursor: RegistrationID?, limit: Int) async throws -> [Registration] {
        let moment = now()
        return try await database.read { try registrations.list(before: cursor, at: moment, limit: limit, in: $0) }
    }

    /// A new link in place of the one before. Its holder still needs the password of the registration.
    ///
    /// - Throws: `RegistrationError.noSuchRegistration`.
    func newLink(for id: RegistrationID, by origin: AuditOrigin) async throws -> String {
        let (token, moment) = (LinkToken(), now())
        let end = moment + lifetime
        try await database.write { transaction in
            guard try registrations.setToken(id, token.hash, at: moment, until: end, in: transaction),
                let registration = try registrations.find(id, in: transaction)
            else { throw RegistrationError.noSuchRegistration }
            try audit.record(
                AuditEvent(
                    .registrationLinkIssued,
                    of: AuditTarget(.registration, id: "\(id)", name: registration.email.description), by: origin,
                    after: [.expiresAt: .time(end)]), in: transaction)
        }
        log.info("an administrator took the link of a registration", ["registration": "\(id)"])
        return site.verification(token)
    }
}
