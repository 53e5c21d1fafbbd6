import Identifiers
import SQL

enum DemandRow {}
typealias DemandID = Identifier<DemandRow>

/// What viewers wait for, as rows: for workers that are not in their server's process.
enum DemandStore {
    /// bound: of all servers; what came later waits for its turn
    static let mostRead = 1000
    /// How long what is being made is left to the one who makes it, in microseconds.
    private static let turn: Int64 = 30_000_000

    static func insert(
        _ demand: Demands.Demand, by viewer: UInt64, owner: String, expiresAt: Int64, as id: DemandID,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO encoding_demands (id, owner, viewer, video_id, kind, chunk, rendition, segment, expires_at)
            SELECT $1, $2, $3, video_id, $5, $6, $7, $8, $9 FROM encodings WHERE video_id = $4
            """, id, owner, Int64(bitPattern: viewer), demand.video, demand.kind, demand.chunk, demand.rendition,
            demand.segment, expiresAt)
    }

    static func remove(_ id: DemandID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM encoding_demands WHERE id = $1", id)
    }

    /// Of servers that ended without a word.
    static func removeExpired(at now: Int64, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM encoding_demands WHERE expires_at < $1", now)
    }

    /// What viewers of other servers wait for, the oldest first.
    static func others(
        than owner: String, at now: Int64, in access: ReadAccess
    ) throws -> [(id: DemandID, viewer: UInt64, demand: Demands.Demand)] {
        try access.query(
            """
            SELECT * FROM encoding_demands WHERE owner <> $1 AND expires_at >= $2 ORDER BY id LIMIT $3
            """, owner, now, mostRead
        ).map { row in
            let demand = Demands.Demand(
                video: try row.value("video_id"), kind: try row.value("kind"), chunk: try row.value("chunk"),
                rendition: try row.value("rendition"), segment: try row.value("segment"))
            return (try row.value("id"), UInt64(bitPattern: try row.value("viewer", as: Int64.self)), demand)
        }
    }

    /// - Returns: false where nobody waits for this segment any more, or another makes it.
    static func claim(_ demand: Demands.Demand, at now: Int64, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "UPDATE encoding_demands SET made_until = $4 WHERE video_id = $1 AND segment = $2 AND made_until < $3",
            demand.video, demand.segment, now, now + turn) > 0
    }

    /// It was not made.
    static func release(_ demand: Demands.Demand, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE encoding_demands SET made_until = 0 WHERE video_id = $1 AND segment = $2", demand.video,
            demand.segment)
    }
}
