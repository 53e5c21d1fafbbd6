import Synchronization

/// A look at the database at one moment: all statements of one `Database.read` see the same state.
/// It is good inside the closure that it was given to, and nowhere else.
///
/// Parameters are numbered (`$1`, `$2`, …), which both databases read.
public class ReadAccess {
    let connection: any SQLConnection
    private var isOver = false
    /// The first statement that failed. Nothing follows it: PostgreSQL would not let it, so SQLite does not either.
    private(set) var failure: SQLError?

    private var statementsLeft: Int

    init(_ connection: any SQLConnection, mostStatements: Int = .max) {
        self.connection = connection
        statementsLeft = mostStatements
    }

    public func query(_ sql: String, _ arguments: any SQLConvertible...) throws -> [Row] {
        try query(sql, arguments: arguments)
    }

    /// For statements that are put together at run time.
    public func query(_ sql: String, arguments: [any SQLConvertible]) throws -> [Row] {
        try run(sql, arguments) { try connection.query(sql, $0, access: access) }
    }

    /// The first row, if there is one. Say `LIMIT 1` where there may be more: all rows are read.
    public func first(_ sql: String, _ arguments: any SQLConvertible...) throws -> Row? {
        try query(sql, arguments: arguments).first
    }

    /// Microseconds since 1970 at this moment, by the one clock that all servers of the database share: the database's own.
    public func currentTime() throws -> Int64 { try run("the time", []) { _ in try connection.currentTime() } }

    /// Which database it is, for what the two have different words for; all else is one text for both.
    public var dialect: SQLDialect { connection.dialect }

    var access: SQLAccess { .read }

    func run<T>(_ sql: String, _ arguments: [any SQLConvertible], _ body: ([SQLValue]) throws -> T) throws -> T {
        if isOver { throw SQLError(.misuse, "used after its closure returned", statement: sql) }
        if let failure { throw failure }
        if statementsLeft == 0 { throw SQLError(.misuse, "a second statement of what is to be one", statement: sql) }
        statementsLeft -= 1
        do {
            let values = arguments.map(\.sqlValue)
            // PostgreSQL has no place for it.
            for case .text(let text) in values where text.utf8.contains(0) {
                throw SQLError(.invalidText, "a text with the character NUL", statement: sql)
            }
            return try body(values)
        } catch let error as SQLError {
            failure = error
            throw error
        }
    }

    func end() { isOver = true }

    /// What an engine wants repeated must not be hidden by what the closure made of it.
    func telling(_ error: any Error) -> any Error {
        guard let failure, failure.code == .mustRetry || failure.code == .disconnected else { return error }
        return failure
    }
}

/// A look and a change, kept as a whole or not at all: when the closure throws, nothing happened.
public final class Transaction: ReadAccess {
    private static let count = Atomic<UInt64>(0)

    private let number = Transaction.count.wrappingAdd(1, ordering: .relaxed).newValue
    private var afterCommitBodies: [@Sendable () -> Void] = []
    /// As it travels; each thing once.
    private(set) var announced: [String] = []

    /// Returns the number of rows changed.
    @discardableResult
    public func execute(_ sql: String, _ arguments: any SQLConvertible...) throws -> Int {
        try execute(sql, arguments: arguments)
    }

    @discardableResult
    public func execute(_ sql: String, arguments: [any SQLConvertible]) throws -> Int {
        try run(sql, arguments) { try connection.execute(sql, $0) }
    }

    /// A statement of a migration.
    func define(_ sql: String) throws { try run(sql, []) { _ in try connection.define(sql) } }

    /// Runs `body` once the transaction is kept, in order of registration, before `write` returns, and after what other transactions
    /// of this server registered whose changes this one has seen.
    /// It runs on a writer's thread and must be short.
    public func afterCommit(_ body: @escaping @Sendable () -> Void) { afterCommitBodies.append(body) }

    /// Told to all other servers of this database once the transaction is kept.
    public func announce(_ announcement: Announcement) throws {
        let payload = announcement.payload(from: connection.instance, transaction: number)
        guard !announced.contains(payload) else { return }
        try run("NOTIFY", []) { _ in try connection.announce(payload) }
        announced.append(payload)
    }

    func send(_ messages: [String]) throws { try run("NOTIFY", []) { _ in try connection.send(messages) } }

    /// What ends a `SELECT` of a queue's next row, so that rows of `table` which another `claim` has taken are passed by.
    public func skippingLocked(_ table: String) -> String { connection.skippingLocked(table) }

    /// In a `claim`: waits until no other transaction that asked for the same turn is under way; what is read from then on is what those
    /// have left.
    public func waitForTurn(_ name: String) throws { try run("a turn", []) { _ in try connection.waitForTurn(name) } }

    override var access: SQLAccess { .write }

    var hasAfterCommit: Bool { !afterCommitBodies.isEmpty }

    func runAfterCommit() {
        let bodies = afterCommitBodies
        afterCommitBodies = []
        for body in bodies { body() }
    }
}
