import SQL
import Telemetry

/// Ends sign-ins; their cookies and tokens are refused from the commit on, by all servers.
struct EndSession: Sendable {
    let database: Database
    let changes: AccessChanges
    let audit: AuditLog
    let log: Log
    private let sessions = SessionStore()

    init(database: Database, changes: AccessChanges, audit: AuditLog, log: Log) {
        self.database = database
        self.changes = changes
        self.audit = audit
        self.log = log
    }

    func callAsFunction(_ session: SessionID, of person: UserID, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            try remove(session, of: person, in: transaction)
            try record(person, by: origin, in: transaction)
        }
        log.info("signed out", ["session_id": "\(session)"])
    }

    /// One of a person's sessions, by its id.
    ///
    /// - Throws: `AccountsError.noSuchSession` where the person has no such session.
    func one(_ session: SessionID, of person: UserID, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            guard try sessions.owner(of: session, in: transaction) == person else { throw AccountsError.noSuchSession }
            try remove(session, of: person, in: transaction)
            try record(person, by: origin, in: transaction)
        }
        log.info("signed out", ["session_id": "\(session)"])
    }

    /// All of a person's sessions; `except` stays.
    func all(of person: UserID, except kept: SessionID? = nil, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            let ended = try sessions.all(of: person, in: transaction).filter { $0 != kept }
            for session in ended { try remove(session, of: person, in: transaction) }
            if !ended.isEmpty { try record(person, by: origin, count: ended.count, in: transaction) }
        }
        log.info("signed out everywhere", ["user_id": "\(person)"])
    }

    private func record(
        _ person: UserID, by origin: AuditOrigin, count: Int = 1, in transaction: Transaction
    ) throws {
        let target = try UserStore().find(person, in: transaction).map { AuditTarget($0) }
        try audit.record(
            AuditEvent(.signedOut, of: target, by: origin, after: [.count: .number(count)]), in: transaction)
    }

    func remove(_ session: SessionID, of person: UserID, in transaction: Transaction) throws {
        try sessions.remove(session, in: transaction)
        try changes.announce(.sessionEnded(session, of: person), in: transaction)
    }
}
