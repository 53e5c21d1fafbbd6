import BaseEncoding
import Cryptography
import FoundationEssentials
import Glibc

@testable import SQL

/// Databases of tests. PALCO_TEST_POSTGRES is the address of a server to fill with schemas; with PALCO_TEST_ENGINE=postgresql all
/// tests that do not choose use it.
public enum TestDatabase {
    /// Nil where tests have no PostgreSQL.
    public static var address: String? { getenv("PALCO_TEST_POSTGRES").map { String(cString: $0) } }

    private static var isPostgreSQL: Bool { getenv("PALCO_TEST_ENGINE").map { String(cString: $0) } == "postgresql" }

    /// One that only this caller sees.
    public static func fresh() throws -> DatabaseLocation {
        isPostgreSQL ? try postgreSQL() : .memory
    }

    /// The same one for the same path.
    public static func kept(at path: String) throws -> DatabaseLocation {
        isPostgreSQL ? try postgreSQL(schema: "s" + Hex.encode(SHA256.hash(path).prefix(12))) : .file(path)
    }

    /// A schema of PostgreSQL; without a name one of its own.
    public static func postgreSQL(
        schema: String = "t" + Hex.encode(Random.bytes(12)), connections: Int = 8
    ) throws -> DatabaseLocation {
        guard let address else {
            throw SQLError(.cannotOpen, "PALCO_TEST_POSTGRES is not set: run the tests by scripts/with-postgres")
        }
        try PostgreSQLConnection(address).define("CREATE SCHEMA IF NOT EXISTS \(schema)")
        return .postgreSQL(address + "&options=-csearch_path%3D\(schema)", connections: connections)
    }
}
