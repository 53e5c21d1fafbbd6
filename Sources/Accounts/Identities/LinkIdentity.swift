import FoundationEssentials
import OpenIDConnect
import SQL
import Telemetry

/// Adds a provider's person to the account of who is signed in.
struct LinkIdentity: Sendable {
    /// Of one account.
    static let most = 20

    let database: Database
    let lookup: SessionLookup
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let identities = IdentityStore()

    init(
        database: Database, lookup: SessionLookup, audit: AuditLog, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.lookup = lookup
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Parameter address: of who asks.
    /// - Throws: `OutsideProblem.attemptOver` where the session is over, `identityTaken`.
    func callAsFunction(
        _ person: OutsidePerson, at provider: OutsideProvider, to session: SessionID, from address: String
    ) async throws {
        let moment = now()
        guard let caller = try await lookup.session(session, at: moment) else { throw OutsideProblem.attemptOver }
        try await database.write { transaction in
            if let known = try identities.find(issuer: person.issuer, subject: person.subject, in: transaction) {
                guard known.userID == caller.userID else { throw OutsideProblem.identityTaken }
                return
            }
            guard let user = try users.find(caller.userID, in: transaction) else { throw OutsideProblem.attemptOver }
            guard try identities.all(of: user.id, in: transaction).count < Self.most else {
                throw OutsideProblem.identityTaken
            }
            try identities.insert(
                Identity(
                    id: IdentityID(), userID: caller.userID, provider: provider.name, issuer: person.issuer,
                    subject: person.subject, email: person.email.map { String($0.prefix(320)) }, createdAt: moment),
                in: transaction)
            try audit.record(
                .identity(
                    .identityLinked, provider.name, of: user, by: AuditOrigin(.person(user), at: address)),
                in: transaction)
        }
        log.info("identity linked", ["user_id": "\(caller.userID)", "provider": .string(provider.name)])
    }
}

/// Takes one away from its own person's account, and ends the sign-ins that came by it, but for the one that asks.
struct UnlinkIdentity: Sendable {
    let database: Database
    let end: EndSession
    let audit: AuditLog
    let log: Log
    private let users = UserStore()
    private let identities = IdentityStore()
    private let identitySessions = IdentitySessions()

    init(database: Database, end: EndSession, audit: AuditLog, log: Log) {
        self.database = database
        self.end = end
        self.audit = audit
        self.log = log
    }

    /// - Throws: `AccountsError.noSuchIdentity`, `lastWayIn`.
    func callAsFunction(_ id: IdentityID, of caller: Caller, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            let all = try identities.all(of: caller.userID, in: transaction)
            guard let identity = all.first(where: { $0.id == id }),
                let user = try users.find(caller.userID, in: transaction)
            else {
                throw AccountsError.noSuchIdentity
            }
            guard user.passwordHash != nil || all.count > 1 else { throw AccountsError.lastWayIn }
            for session in try identitySessions.all(of: id, in: transaction) where session != caller.sessionID {
                try end.remove(session, of: caller.userID, in: transaction)
            }
            try identities.remove(id, in: transaction)
            try audit.record(
                .identity(.identityUnlinked, identity.provider, of: user, by: origin), in: transaction)
        }
        log.info("identity unlinked", ["user_id": "\(caller.userID)", "identity_id": "\(id)"])
    }
}

/// The identities of a person.
struct ListIdentities: Sendable {
    let database: Database
    private let identities = IdentityStore()

    init(database: Database) { self.database = database }

    func callAsFunction(of person: UserID) async throws -> [Identity] {
        try await database.readOnce { try identities.all(of: person, in: $0) }
    }
}
