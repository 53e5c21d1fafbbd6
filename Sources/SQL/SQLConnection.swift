/// One connection to a database. It belongs to one job at a time: `SQLPool` sees to that.
protocol SQLConnection: AnyObject {
    /// Which database it leads to.
    var dialect: SQLDialect { get }

    /// Rows that a statement gives; with `.read` one that would change something is refused.
    func query(_ sql: String, _ arguments: [SQLValue], access: SQLAccess) throws -> [Row]

    /// The number of rows that were changed.
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int

    /// A statement of a migration, in words that all engines read.
    func define(_ sql: String) throws

    func begin(_ kind: TransactionKind) throws

    /// - Throws: `SQLError`; with the code `unknownOutcome` where nobody knows whether it was kept.
    func commit() throws

    func rollback()

    func hasTable(_ name: String) throws -> Bool

    /// False once nothing more can be asked of it.
    var isUsable: Bool { get }

    /// Makes sure, by as little as is needed, that the other end is still there.
    func check() -> Bool

    /// See `ReadAccess.currentTime`.
    func currentTime() throws -> Int64

    /// Names the opener among all that have the database open.
    var instance: String { get }

    /// Told to others when the transaction is kept.
    func announce(_ payload: String) throws

    /// See `Database.send`.
    func send(_ messages: [String]) throws

    /// See `Transaction.waitForTurn`.
    func waitForTurn(_ name: String) throws

    /// See `Transaction.skippingLocked`.
    func skippingLocked(_ table: String) -> String

    /// Whether no server and no worker has the database open (`becomePresent`), as far as can be known.
    func isAlone() throws -> Bool

    /// The next number that the database gives in a column `INTEGER PRIMARY KEY AUTOINCREMENT` is greater than all that are there.
    func continueNumbering(_ table: String, by column: String) throws
}

enum SQLAccess { case read, write }

enum TransactionKind {
    /// Sees one moment, changes nothing.
    case read
    /// As if it were alone.
    case write
    /// Locks the rows that it takes one by one: for queues.
    case claim
    /// As if it were alone, and waits for any other that migrates.
    case migration
}

extension SQLConnection {
    func read<T>(_ body: (ReadAccess) throws -> T) throws -> T {
        let access = ReadAccess(self)
        return try bracket(.read, access) { try body(access) }
    }

    /// Without a transaction of its own.
    func readOnce<T>(_ body: (ReadAccess) throws -> T) throws -> T {
        let access = ReadAccess(self, mostStatements: 1)
        defer { access.end() }
        do {
            let result = try body(access)
            if let failure = access.failure { throw failure }
            return result
        } catch {
            throw access.telling(error)
        }
    }

    /// - Parameters:
    ///   - order: of what is done after the commits of several connections.
    ///   - announced: told what was announced, as it travels, once the transaction is kept.
    func transaction<T>(
        _ kind: TransactionKind, order: CommitOrder? = nil, announced: ((String) -> Void)? = nil,
        _ body: (Transaction) throws -> T
    ) throws -> T {
        let transaction = Transaction(self)
        var place: (number: UInt64, earlier: Set<UInt64>)?
        defer { if let place { order?.end(place.number) } }
        let result = try bracket(kind, transaction) {
            let result = try body(transaction)
            if transaction.hasAfterCommit { place = order?.begin() }
            return result
        }
        if let place { order?.wait(for: place.earlier) }
        transaction.runAfterCommit()
        if let announced {
            for payload in transaction.announced { announced(payload) }
        }
        return result
    }

    /// A statement that failed takes the whole transaction with it, even where the closure went on.
    private func bracket<T>(_ kind: TransactionKind, _ access: ReadAccess, _ body: () throws -> T) throws -> T {
        try begin(kind)
        do {
            let result = try {
                defer { access.end() }
                return try body()
            }()
            if let failure = access.failure { throw failure }
            try commit()
            return result
        } catch {
            rollback()
            throw access.telling(error)
        }
    }
}
