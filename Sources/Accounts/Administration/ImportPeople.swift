import FoundationEssentials
import SQL
import Security
import Telemetry
import Web

/// Makes and changes people by a list (CSV) with the columns `email,name,role,locale,groups,password_hash`; all but the first may
/// be absent. Groups are separated by `|` and made where they are missing.
///
/// Who has an account keeps the password, and what is empty in the list stays as it is. Each line is taken as a whole or refused by
/// itself. A dry run answers the same and changes nothing.
public struct ImportPeople: Sendable {
    public static let mostBytes = 4 << 20
    static let mostLines = 20_000
    private static let columns = ["email", "name", "role", "locale", "groups", "password_hash"]
    private static let linesAtOnce = 100
    private static let mostGroups = 20

    public struct Outcome: Sendable {
        public var created = 0
        public var updated = 0
        public var refused: [(line: Int, email: String, problem: Problem)] = []
    }

    private struct Line: Sendable {
        let number: Int
        let email: EmailAddress
        let name: String?
        let role: Role?
        let locale: String?
        let groups: [String]
        let passwordHash: PasswordHash?
    }

    private enum Done { case created, updated }

    /// Ends a transaction that is not to be kept.
    private struct Undone: Error { let outcome: Outcome }

    let database: Database
    let change: ChangePerson
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let groups = GroupStore()

    init(
        database: Database, change: ChangePerson, facts: PersonFacts, audit: AuditLog, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.change = change
        self.facts = facts
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `Problem` where the list as a whole cannot be read.
    public func callAsFunction(
        _ bytes: [UInt8], isDryRun: Bool, by origin: AuditOrigin
    ) async throws -> Outcome {
        var (lines, outcome) = try Self.parse(bytes)
        while !lines.isEmpty {
            let some = Array(lines.prefix(Self.linesAtOnce))
            lines.removeFirst(some.count)
            let part =
                try await isDryRun ? tried(some, by: origin) : database.write { try apply(some, by: origin, in: $0) }
            outcome.created += part.created
            outcome.updated += part.updated
            // bound: the lines
            outcome.refused += part.refused
        }
        outcome.refused.sort { $0.line < $1.line }
        if !isDryRun {
            log.info(
                "people imported",
                [
                    "created": .init(outcome.created), "updated": .init(outcome.updated),
                    "refused": .init(outcome.refused.count),
                ])
        }
        return outcome
    }

    private func tried(_ lines: [Line], by origin: AuditOrigin) async throws -> Outcome {
        do {
            return try await database.write { transaction -> Outcome in
                throw Undone(outcome: try apply(lines, by: origin, in: transaction))
            }
        } catch let undone as Undone {
            return undone.outcome
        }
    }

    private func apply(_ lines: [Line], by origin: AuditOrigin, in transaction: Transaction) throws -> Outcome {
        var outcome = Outcome()
        for line in lines {
            do {
                switch try apply(line, by: origin, in: transaction) {
                case .created: outcome.created += 1
                case .updated: outcome.updated += 1
                }
            } catch let error as AccountsError {
                outcome.refused.append((line.number, line.email.description, error.problem))
            }
        }
        return outcome
    }

    private func apply(_ line: Line, by origin: AuditOrigin, in transaction: Transaction) throws -> Done {
        let done: Done
        let user: User
        if let existing = try users.find(email: line.email, in: transaction) {
            var changed = try change.apply(
                PersonEdit(name: line.name, role: line.role), to: existing.id, by: origin, in: transaction)
            if let locale = line.locale {
                changed.locale = locale
                try users.setProfile(changed, in: transaction)
                try change.changes.announce(.profileChanged(existing.id), in: transaction)
            }
            user = changed
            done = .updated
        } else {
            let local = line.email.description.split(separator: "@").first.map(String.init) ?? ""
            var made = User(
                email: line.email, name: line.name ?? local, role: line.role ?? .user, createdAt: now())
            made.locale = line.locale
            made.passwordHash = line.passwordHash
            user = made
            try users.insert(user, in: transaction)
            try facts.created(user, in: transaction)
            try audit.record(.made(user, by: origin), in: transaction)
            done = .created
        }
        for name in line.groups {
            let group = try group(name, by: origin, in: transaction)
            guard try groups.add(user.id, to: group.id, in: transaction) else { continue }
            try change.changes.announce(.groupJoined(user.id), in: transaction)
            try audit.record(.joined(user, group, by: origin), in: transaction)
        }
        return done
    }

    /// Takes a person out of an archive. Whoever has an account of this address is that one, and stays as they are; the id is the same
    /// unless somebody else has it.
    ///
    /// - Throws: `Problem` for what cannot be a person.
    public func take(
        _ archived: ArchivedPerson, by origin: AuditOrigin, in transaction: Transaction
    ) throws -> (id: UserID, isNew: Bool) {
        guard let email = EmailAddress(archived.email) else { throw AccountsError.invalidEmail.problem }
        if let known = try users.find(email: email, in: transaction) { return (known.id, false) }
        let wished = UserID(archived.id) ?? UserID()
        let isTaken = try users.find(wished, in: transaction) != nil
        var user = User(
            id: isTaken ? UserID() : wished, email: email, name: try PersonName(archived.name).text,
            role: try Role(field: archived.role),
            createdAt: Date(timeIntervalSince1970: Double(archived.createdAt) / 1_000_000))
        if let locale = archived.locale { try PersonLocale.check(locale) }
        user.locale = archived.locale
        user.isDisabled = archived.isDisabled
        user.emailVerifiedAt = archived.emailVerifiedAt.map { Date(timeIntervalSince1970: Double($0) / 1_000_000) }
        user.passwordHash = try archived.passwordHash.map { text in
            guard let hash = try? PasswordHash(encoded: text) else {
                throw Problem.invalid(field: "passwordHash", code: "invalid", "This is no hash that can be checked.")
            }
            return hash
        }
        try users.insert(user, in: transaction)
        try facts.created(user, in: transaction)
        try audit.record(.made(user, by: origin), in: transaction)
        for name in archived.groups.prefix(Self.mostGroups) {
            let group = try group(try PersonName(name, field: "groups").text, by: origin, in: transaction)
            guard try groups.add(user.id, to: group.id, in: transaction) else { continue }
            try audit.record(.joined(user, group, by: origin), in: transaction)
        }
        return (user.id, true)
    }

    private func group(_ name: String, by origin: AuditOrigin, in transaction: Transaction) throws -> Group {
        if let group = try groups.find(name: name, in: transaction) { return group }
        let group = Group(id: GroupID(), name: name, createdAt: now())
        try groups.insert(group, in: transaction)
        try audit.record(AuditEvent(.groupCreated, of: AuditTarget(group), by: origin), in: transaction)
        return group
    }

    // MARK: Reading

    private static func parse(_ bytes: [UInt8]) throws -> (lines: [Line], outcome: Outcome) {
        let records: [CSVReader.Record]
        do {
            records = try CSVReader.read(bytes, mostRecords: mostLines + 1)
        } catch {
            throw problem(error)
        }
        guard let head = records.first else {
            throw Problem.invalid(field: "file", code: "empty", "The list is empty.")
        }
        let names = head.fields.map { $0.lowercased().filter { !$0.isWhitespace } }
        guard names.contains("email") else {
            throw Problem.invalid(
                field: "file", code: "no_header",
                "The first line names the columns: \(columns.joined(separator: ",")); email is needed.")
        }
        if let strange = names.first(where: { !columns.contains($0) }) {
            throw Problem.invalid(
                field: "file", code: "unknown_column",
                "There is no column “\(strange.prefix(40))”; there are \(columns.joined(separator: ", ")).")
        }
        var lines: [Line] = []
        var outcome = Outcome()
        var seen: Set<String> = []
        for record in records.dropFirst() {
            var values: [String: String] = [:]
            for (name, value) in zip(names, record.fields) { values[name] = value }
            do {
                let line = try line(record.line, values)
                guard seen.insert(line.email.description).inserted else {
                    throw Problem.invalid(field: "email", code: "repeated", "This address stands in the list before.")
                }
                // bound: mostLines
                lines.append(line)
            } catch let problem as Problem {
                let (email, first) = (String((values["email"] ?? "").prefix(320)), problem.errors.first)
                outcome.refused.append(
                    (
                        record.line, email,
                        Problem(
                            .unprocessableContent, code: first?.code ?? problem.code,
                            detail: first.map { "\($0.field): \($0.detail)" } ?? problem.detail)
                    ))
            }
        }
        return (lines, outcome)
    }

    private static func line(_ number: Int, _ values: [String: String]) throws -> Line {
        func value(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let email = EmailAddress(values["email"] ?? "") else { throw AccountsError.invalidEmail.problem }
        let locale = value("locale")
        if let locale { try PersonLocale.check(locale) }
        let groups = (value("groups") ?? "").split(separator: "|").map(String.init)
        guard groups.count <= mostGroups else {
            throw Problem.invalid(field: "groups", code: "too_many", "At most \(mostGroups) groups.")
        }
        let hash = try value("password_hash").map { text in
            guard let hash = try? PasswordHash(encoded: text) else {
                throw Problem.invalid(field: "password_hash", code: "invalid", "This is no hash that can be checked.")
            }
            return hash
        }
        return Line(
            number: number, email: email, name: try value("name").map { try PersonName($0).text },
            role: try value("role").map { try Role(field: $0.lowercased()) }, locale: locale,
            groups: try groups.map { try PersonName($0, field: "groups").text }, passwordHash: hash)
    }

    private static func problem(_ failure: CSVReader.Failure) -> Problem {
        switch failure {
        case .notUTF8:
            .invalid(field: "file", code: "not_utf8", "The list is not in UTF-8. Save it as CSV UTF-8.")
        case .quotation(let line):
            .invalid(field: "file", code: "quotation", "The quotation marks from line \(line) on do not fit together.")
        case .tooManyLines:
            .invalid(field: "file", code: "too_many_lines", "At most \(mostLines) people at a time.")
        }
    }
}
