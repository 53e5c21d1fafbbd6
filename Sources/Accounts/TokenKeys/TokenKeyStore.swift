import Cryptography
import FoundationEssentials
import SQL

extension SignatureAlgorithm: SQLConvertible {}

/// One pair of keys as it is kept.
struct StoredTokenKey: Sendable {
    /// Its thumbprint (RFC 7638), which tokens name it by.
    let id: String
    let algorithm: SignatureAlgorithm
    /// The private half in DER, encrypted.
    let sealed: [UInt8]
    let createdAt: Date
    /// From when on no token of it is good; nil for the one that signs.
    var endsAt: Date?
}

struct TokenKeyStore: Sendable {
    static let migration = Migration(
        "accounts-0002-token-keys",
        [
            """
            CREATE TABLE token_keys (
                id TEXT PRIMARY KEY,
                algorithm TEXT NOT NULL,
                sealed BYTEA NOT NULL,
                created_at BIGINT NOT NULL,
                ends_at BIGINT
            )
            """
        ])

    /// Those that are good at `now`, the one that signs first.
    func all(at now: Date, in access: ReadAccess) throws -> [StoredTokenKey] {
        try access.query(
            """
            SELECT id, algorithm, sealed, created_at, ends_at FROM token_keys WHERE ends_at IS NULL OR ends_at > $1 \
            ORDER BY CASE WHEN ends_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id
            """, now
        ).map { row in
            StoredTokenKey(
                id: try row.value("id"), algorithm: try row.value("algorithm"), sealed: try row.value("sealed"),
                createdAt: try row.value("created_at"), endsAt: try row.value("ends_at"))
        }
    }

    func insert(_ key: StoredTokenKey, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO token_keys (id, algorithm, sealed, created_at) VALUES ($1, $2, $3, $4)",
            key.id, key.algorithm, key.sealed, key.createdAt)
    }

    /// The one that signs does so no more.
    func retire(at end: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE token_keys SET ends_at = $1 WHERE ends_at IS NULL", end)
    }

    func removeEnded(at now: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM token_keys WHERE ends_at <= $1", now)
    }
}
