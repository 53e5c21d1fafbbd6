/// Where a database lives.
public enum DatabaseLocation: Sendable, Equatable {
    /// SQLite, in a file on a local disk.
    case file(String)
    /// SQLite, gone with the process; for tests.
    case memory
    /// PostgreSQL, at an address like `postgres://user@host/name` (libpq 34.1.1.2); what is not in it comes from libpq's environment
    /// variables. With so many connections at most, 3 or more.
    case postgreSQL(String, connections: Int = 8)

    /// Whether several connections see the same.
    var isShared: Bool { self != .memory }

    /// How many connections write, and read, and look through many rows.
    func shares(readers: Int, scanners: Int) -> (writers: Int, readers: Int, scanners: Int) {
        guard case .postgreSQL(_, let count) = self else { return (1, max(1, readers), max(1, scanners)) }
        let (writers, scanners) = (max(1, count / 2), max(1, count / 4))
        return (writers, max(1, count - writers - scanners), scanners)
    }

    /// How many of them are opened at the start: of a server, which may not have as many to give, all; of a file, where each keeps what
    /// it knows of tables in memory of its own, half a megabyte, as few as possible.
    func connectionsAtStart(
        _ shares: (writers: Int, readers: Int, scanners: Int)
    ) -> (readers: Int, scanners: Int) {
        guard case .postgreSQL = self else { return (1, 0) }
        return (shares.readers, shares.scanners)
    }

    /// - Parameters:
    ///   - instance: names the opener among all that have the database open.
    ///   - looksFar: whether it goes through many rows.
    func connect(_ access: SQLAccess, instance: String = "", looksFar: Bool = false) throws -> any SQLConnection {
        switch self {
        case .file(let path): try SQLiteConnection(.file(path), access: access, looksFar: looksFar)
        case .memory: try SQLiteConnection(.memory, access: access)
        case .postgreSQL(let address, _):
            try PostgreSQLConnection(address, for: access, instance: instance, plansAnew: looksFar)
        }
    }
}

extension DatabaseLocation: CustomStringConvertible {
    /// For people and logs: without a password.
    public var description: String {
        switch self {
        case .file(let path): path
        case .memory: "memory"
        case .postgreSQL(let address, _): PostgreSQLConnection.name(of: address)
        }
    }
}
