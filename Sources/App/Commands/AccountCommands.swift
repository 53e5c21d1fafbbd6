import Accounts
import Cryptography
import FoundationEssentials
import Glibc
import SQL
import Web

/// What the command line does with people, their API tokens and the audit: beside a server that may be running, for it touches nothing
/// but the database. Each answers what is to be printed.
public struct AccountCommands: Sendable {
    public static let mostImportedBytes = ImportPeople.mostBytes
    private static let peopleAtOnce = 100

    let settings: Settings
    /// For programs; else for people.
    let isJSON: Bool

    public init(_ settings: Settings, isJSON: Bool) {
        self.settings = settings
        self.isJSON = isJSON
    }

    /// Runs `body`; what the server refuses becomes the caller's error.
    public static func refusing<Refusal: Error>(
        as refusal: (String) -> Refusal, _ body: () async throws -> Void
    ) async throws {
        do { try await body() } catch ServerError.account(let reason) { throw refusal(reason) }
    }

    /// Who does it, for the audit.
    static var origin: AuditOrigin { AuditOrigin(.command(by: account)) }

    /// Of the machine, that called the command.
    private static var account: String? {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return nil }
        return String(cString: name)
    }

    func answer(_ value: some Encodable, _ text: @autoclosure () -> String) throws -> String {
        isJSON ? String(decoding: try JSON.encode(value), as: UTF8.self) : text()
    }

    func person(_ email: String, of accounts: AccountServices) async throws -> User {
        guard let address = EmailAddress(email) else { throw AccountsError.invalidEmail }
        guard let user = try await accounts.findPerson(email: address) else { throw AccountsError.noSuchAccount }
        return user
    }

    func role(_ name: String) throws -> Role {
        guard let role = Role(rawValue: name) else {
            throw ServerError.account("there is no role \(name): user, premium, creator and admin are")
        }
        return role
    }

    // MARK: People

    /// - Parameter report: given a page of people at a time; in JSON one object a line.
    public func listPeople(
        words: String?, role: String?, state: String?, report: @Sendable (String) -> Void
    ) async throws {
        let filter = PeopleFilter(
            text: words, role: try role.map(self.role),
            state: try state.map { name in
                guard let state = PeopleFilter.State(rawValue: name) else {
                    throw ServerError.account(
                        "there is no state \(name): active, disabled, locked and unverified are")
                }
                return state
            })
        try await Server.withAccounts(settings) { accounts in
            var cursor: ListPeople.Cursor?
            repeat {
                let found = try await accounts.listPeople(filter, after: cursor, limit: Self.peopleAtOnce)
                let people = Array(found.prefix(Self.peopleAtOnce))
                if isJSON {
                    for person in people {
                        report(String(decoding: try JSON.encode(PersonBody(person)), as: UTF8.self))
                    }
                } else if !people.isEmpty {
                    report(Self.table(of: people, hasHead: cursor == nil))
                }
                cursor = found.count > people.count ? people.last.map { ListPeople.Cursor(after: $0) } : nil
            } while cursor != nil
        }
    }

    private static func table(of people: [Person], hasHead: Bool) -> String {
        let head = ["EMAIL", "ROLE", "STATE", "LAST SIGN-IN", "NAME"]
        return TextTable.aligned(
            (hasHead ? [head] : [])
                + people.map { person in
                    let user = person.user
                    let state = user.isDisabled ? "disabled" : person.isLocked ? "locked" : "active"
                    let last = person.lastSignInAt.map { InternetTime($0).description } ?? "never"
                    return ["\(user.email)", user.role.rawValue, state, last, user.name]
                })
    }

    /// - Parameter password: nil for a generated one.
    public func createPerson(
        email: String, name: String?, role: String, locale: String?, password: String?
    ) async throws -> String {
        let role = try self.role(role)
        let generated = password == nil ? Random.password() : nil
        let user = try await Server.withAccounts(settings) { accounts in
            try await accounts.createPerson(
                NewPerson(
                    email: email, name: name ?? String(email.prefix { $0 != "@" }), role: role, locale: locale,
                    password: password ?? generated), by: Self.origin)
        }
        return try answer(
            CreatedBody(user: UserBody(user), password: generated),
            "\(user.email) has an account now, with the role \(user.role.rawValue)."
                + (generated.map { "\nPassword, shown this once: \($0)" } ?? ""))
    }

    private struct CreatedBody: Encodable {
        var user: UserBody
        var password: String?
    }

    /// What an operator changes of a person.
    public enum Change: Sendable {
        case role(String)
        case disabled(Bool)
        case unlocked
    }

    public func change(_ email: String, _ change: Change) async throws -> String {
        var edit = PersonEdit()
        let words: (String) -> String
        switch change {
        case .role(let name):
            let role = try self.role(name)
            edit.role = role
            words = { "\($0) has the role \(role.rawValue) now." }
        case .disabled(let isDisabled):
            edit.isDisabled = isDisabled
            words = { isDisabled ? "\($0) may not sign in any more." : "\($0) may sign in again." }
        case .unlocked:
            edit.isUnlocked = true
            words = { "\($0) can sign in again from everywhere." }
        }
        let wanted = edit
        let user = try await Server.withAccounts(settings) { accounts in
            try await accounts.changePerson(try await person(email, of: accounts).id, wanted, by: Self.origin)
        }
        return try answer(UserBody(user), words("\(user.email)"))
    }

    /// - Parameter password: nil for a generated one.
    public func resetPassword(of email: String, to password: String?) async throws -> String {
        let generated = password == nil ? Random.password() : nil
        let user = try await Server.withAccounts(settings) { accounts in
            let user = try await person(email, of: accounts)
            try await accounts.assignPassword(password ?? generated ?? "", to: user.id, by: Self.origin)
            return user
        }
        return try answer(
            CreatedBody(user: UserBody(user), password: generated),
            "\(user.email) has a new password. All sign-ins with the old one have ended."
                + (generated.map { "\nPassword, shown this once: \($0)" } ?? ""))
    }

    /// What came of a list of people.
    public struct ImportResult: Sendable {
        public let text: String
        public let refusedCount: Int
    }

    public func importPeople(_ list: [UInt8], isDryRun: Bool) async throws -> ImportResult {
        let outcome = try await Server.withAccounts(settings) { accounts in
            try await accounts.importPeople(list, isDryRun: isDryRun, by: Self.origin)
        }
        var lines = outcome.refused.map { refused in
            "line \(refused.line), \(refused.email): \(Server.words(of: refused.problem))"
        }
        lines.append(
            isDryRun
                ? "\(outcome.created) people would be made and \(outcome.updated) changed."
                : "\(outcome.created) people were made and \(outcome.updated) changed.")
        return ImportResult(
            text: try answer(ImportOutcomeBody(outcome), lines.joined(separator: "\n")),
            refusedCount: outcome.refused.count)
    }
}
