import CSQLite

/// Where a database lives.
public enum DatabaseLocation: Sendable {
    case file(String)
    /// Gone with the process; for tests.
    case memory
}

extension DatabaseLocation {
    func opening(_ access: SQLiteConnection.Access) -> (path: String, mode: Int32) {
        switch self {
        case .memory: (":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        // A reader cannot be opened read-only: it may have to make the shared memory of the log.
        case .file(let path): (path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        }
    }

    func pragmas(_ access: SQLiteConnection.Access) -> [String] {
        // What is committed survives a power cut: in WAL mode that takes FULL, which syncs the log with each commit.
        var pragmas = ["PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF", "PRAGMA cache_size = -2048"]
        switch access {
        case .read: pragmas.append("PRAGMA query_only = ON")
        case .write:
            if case .file = self { pragmas.append("PRAGMA journal_mode = WAL") }
            pragmas += ["PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 8388608"]
        }
        return pragmas
    }
}
