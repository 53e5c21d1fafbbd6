/// A look at the database at one moment: all statements of one `Database.read` see the same state.
/// It is good inside the closure that it was given to, and nowhere else.
///
/// Parameters are numbered (`$1`, `$2`, …), which both databases read.
public class ReadAccess {
    let connection: SQLiteConnection
    private var isOver = false

    init(_ connection: SQLiteConnection) { self.connection = connection }

    public func query(_ sql: String, _ arguments: any SQLConvertible...) throws -> [Row] {
        try query(sql, arguments: arguments)
    }

    /// For statements that are put together at run time.
    public func query(_ sql: String, arguments: [any SQLConvertible]) throws -> [Row] {
        try requireOpen(sql)
        return try connection.query(sql, arguments.map(\.sqlValue), access: access)
    }

    /// The first row, if there is one. Say `LIMIT 1` where there may be more: all rows are read.
    public func first(_ sql: String, _ arguments: any SQLConvertible...) throws -> Row? {
        try query(sql, arguments: arguments).first
    }

    var access: SQLiteConnection.Access { .read }

    func requireOpen(_ sql: String) throws {
        if isOver { throw SQLError(.misuse, "used after its closure returned", statement: sql) }
    }

    func end() { isOver = true }
}

/// A look and a change, kept as a whole or not at all: when the closure throws, nothing happened.
public final class Transaction: ReadAccess {
    private var afterCommitBodies: [@Sendable () -> Void] = []

    /// Returns the number of rows changed.
    @discardableResult
    public func execute(_ sql: String, _ arguments: any SQLConvertible...) throws -> Int {
        try execute(sql, arguments: arguments)
    }

    @discardableResult
    public func execute(_ sql: String, arguments: [any SQLConvertible]) throws -> Int {
        try requireOpen(sql)
        return try connection.execute(sql, arguments.map(\.sqlValue))
    }

    /// Runs `body` once the transaction is kept, in order of registration and before the next transaction begins.
    /// It runs on the writer's thread and must be short.
    public func afterCommit(_ body: @escaping @Sendable () -> Void) { afterCommitBodies.append(body) }

    override var access: SQLiteConnection.Access { .write }

    func runAfterCommit() {
        let bodies = afterCommitBodies
        afterCommitBodies = []
        for body in bodies { body() }
    }
}
