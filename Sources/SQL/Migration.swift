import BaseEncoding
import Cryptography

/// One step of a room's tables, applied once and never changed afterwards.
///
/// - Rule: steps of one generation are released together, and the first release has the generation 1. A program runs on tables of its own
///   generation and of the next: so what a step takes away must be used by no program of the generation before.
/// - Why: servers are updated one after the other, and the old ones go on while the new ones have changed the tables.
/// - Advice: to take something away, let a generation pass in which nobody uses it; where that has no other step, an empty one begins it.
public struct Migration: Sendable {
    /// `accounts-0001`: the room, then the number within it.
    public let id: String
    public let generation: Int
    /// The first generation whose programs do not use what the step takes away; nil for one that only adds.
    public let unusedSince: Int?
    /// Statements in order, in words that both databases read.
    public let sql: [String]
    /// Statements that follow, different for each database; nil where there are none.
    public let derived: Derived?

    /// Tables that a room makes of its other tables, each database in its own words: an index for full text, for example.
    ///
    /// - Rule: whoever owns them can make them again from the tables of `sql`, and does so where they are empty.
    /// - Why: `DatabaseCopy` leaves them out, because what one database keeps here means nothing to the other.
    public struct Derived: Sendable {
        public let sqlite: [String]
        public let postgreSQL: [String]

        public init(sqlite: [String], postgreSQL: [String]) { (self.sqlite, self.postgreSQL) = (sqlite, postgreSQL) }
    }

    public init(
        _ id: String, generation: Int = 1, unusedSince: Int? = nil, _ sql: [String], derived: Derived? = nil
    ) {
        self.id = id
        self.generation = generation
        self.unusedSince = unusedSince
        self.sql = sql
        self.derived = derived
    }

    /// All statements for one database, in order.
    func statements(for dialect: SQLDialect) -> [String] {
        switch dialect {
        case .sqlite: sql + (derived?.sqlite ?? [])
        case .postgreSQL: sql + (derived?.postgreSQL ?? [])
        }
    }

    /// Tells an edited migration from the one that was applied. It is the same in both databases, whose histories are compared
    /// when one is copied into the other.
    var checksum: String {
        var texts = sql
        if let derived { texts += ["SQLite"] + derived.sqlite + ["PostgreSQL"] + derived.postgreSQL }
        return Hex.encode(SHA256.hash(texts.joined(separator: ";\n")))
    }

    /// The statement with which programs of the generation before could not go on; nil where there is none.
    var breach: String? {
        if generation <= 1 || unusedSince.map({ $0 < generation }) == true { return nil }
        for statements in SQLDialect.allCases.map(statements) {
            let made = statements.map(Self.words).filter { $0.starts(with: ["CREATE", "TABLE"]) }.compactMap {
                $0.dropFirst(2).first
            }
            if let breach = statements.first(where: { !Self.adds(Self.words($0), besides: made) }) { return breach }
        }
        return nil
    }

    private static func words(_ statement: String) -> [String] {
        statement.uppercased().split { " \n(),".contains($0) }.map(String.init)
    }

    /// - Parameter made: tables that are new, of which nobody knows yet.
    private static func adds(_ words: [String], besides made: [String]) -> Bool {
        switch words.prefix(2) {
        case ["CREATE", "TABLE"], ["CREATE", "INDEX"], ["CREATE", "VIRTUAL"], ["INSERT", "INTO"]: return true
        case ["CREATE", "UNIQUE"]: return words.count > 5 && made.contains(words[5])
        case ["ALTER", "TABLE"]:
            // Who does not know the column gives it no value.
            let text = words.joined(separator: " ")
            return words.dropFirst(3).starts(with: ["ADD", "COLUMN"]) && !text.contains(" UNIQUE")
                && (!text.contains(" NOT NULL") || text.contains(" DEFAULT "))
        default: return words.first == "UPDATE"
        }
    }
}

/// A room's migrations in order.
public typealias MigrationSet = [Migration]

/// What `Database.open` would find in a database.
public struct MigrationState: Sendable, Equatable {
    /// That this program would apply.
    public var pending: [String]
    /// That a newer program has applied, and this one can go on with.
    public var newer: [String]

    public init(pending: [String], newer: [String]) { (self.pending, self.newer) = (pending, newer) }
}
