import BaseEncoding
import Cryptography
import SQL

/// The right to do what only one process of all that share a database does at a time. It is a row, and its time is counted by the
/// database's clock: whoever gives no sign of life until it is over has it no more.
public struct ServerLease: Sendable {
    public static let migrations: MigrationSet = [
        Migration(
            "leases-0001",
            [
                """
                CREATE TABLE leases (
                    name TEXT PRIMARY KEY,
                    token TEXT NOT NULL,
                    held_until BIGINT NOT NULL
                )
                """
            ])
    ]

    let name: String
    /// Another one for each process and start.
    private let token = Hex.encode(Random.bytes(16))

    public init(_ name: String) { self.name = name }

    /// Takes it, or keeps it, from now on for so long.
    ///
    /// - Parameter isAlone: nobody else is there, so whoever has it is gone.
    /// - Returns: false while another one has it.
    public func hold(for length: Duration, isAlone: Bool = false, in transaction: Transaction) throws -> Bool {
        let now = try transaction.currentTime()
        let over = isAlone ? Int64.max : now
        // Who only looks writes nothing.
        let row = try transaction.first("SELECT token, held_until FROM leases WHERE name = $1", name)
        if let row, try row.value("token", as: String.self) != token, try row.value("held_until") >= over {
            return false
        }
        return try transaction.execute(
            """
            INSERT INTO leases (name, token, held_until) VALUES ($1, $2, $3) ON CONFLICT (name)
            DO UPDATE SET token = $2, held_until = $3 WHERE leases.token = $2 OR leases.held_until < $4
            """, name, token, now + length.wholeNanoseconds / 1000, over) == 1
    }

    /// Gives it back. The next one need not wait.
    public func release(in transaction: Transaction) throws {
        try transaction.execute("UPDATE leases SET held_until = 0 WHERE name = $1 AND token = $2", name, token)
    }

    /// Gives it back, and for so long nobody has it, whoever gave it back included.
    func rest(for length: Duration, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE leases SET token = '', held_until = $3 WHERE name = $1 AND token = $2", name, token,
            try transaction.currentTime() + length.wholeNanoseconds / 1000)
    }
}
