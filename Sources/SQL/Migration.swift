import BaseEncoding
import Cryptography

/// One step of a room's tables, applied once and never changed afterwards.
public struct Migration: Sendable {
    /// `accounts-0001`: the room, then the number within it.
    public let id: String
    /// Statements in order, in words that both databases read.
    public let sql: [String]

    public init(_ id: String, _ sql: [String]) {
        self.id = id
        self.sql = sql
    }

    /// Tells an edited migration from the one that was applied.
    var checksum: String { Hex.encode(SHA256.hash(sql.joined(separator: ";\n"))) }
}

/// A room's migrations in order.
public typealias MigrationSet = [Migration]
