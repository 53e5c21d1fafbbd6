import Accounts
import FoundationEssentials
import SQL

/// The rows of fetches.
struct FetchStore: Sendable {
    static let migration = Migration(
        "videos-0070-fetches",
        [
            """
            CREATE TABLE fetches (
                video_id TEXT PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
                address TEXT NOT NULL,
                names_video BIGINT NOT NULL,
                state TEXT NOT NULL,
                received_bytes BIGINT NOT NULL DEFAULT 0,
                total_bytes BIGINT,
                validator TEXT,
                attempts BIGINT NOT NULL DEFAULT 0,
                failures BIGINT NOT NULL DEFAULT 0,
                failure_code TEXT,
                due_at BIGINT NOT NULL,
                holder TEXT NOT NULL DEFAULT '',
                held_until BIGINT NOT NULL DEFAULT 0
            )
            """,
            "CREATE INDEX fetches_by_time ON fetches (state, due_at)",
        ])
    static let reduction = Migration(
        "videos-0120", ["ALTER TABLE fetches ADD COLUMN is_reduced BIGINT NOT NULL DEFAULT 0"])

    private static let selection = """
        SELECT fetches.video_id, videos.owner_id, fetches.address, fetches.names_video, fetches.state, \
        fetches.received_bytes, fetches.total_bytes, fetches.validator, fetches.attempts, fetches.failures, \
        fetches.failure_code, fetches.due_at, fetches.holder, fetches.held_until, fetches.is_reduced \
        FROM fetches JOIN videos ON videos.id = fetches.video_id
        """
    /// Which are not over.
    private static let isOpen = "fetches.state IN ('waiting', 'receiving', 'checking')"

    // MARK: Reading

    func find(_ id: VideoID, in access: ReadAccess) throws -> Fetch? {
        try access.first("\(Self.selection) WHERE fetches.video_id = $1", id).flatMap(Fetch.init(row:))
    }

    /// Videos whose files are awaited: what lies in the storage for them is theirs.
    func open(in access: ReadAccess) throws -> [VideoID] {
        try access.query("SELECT video_id FROM fetches WHERE \(Self.isOpen)").map { try $0.value("video_id") }
    }

    func openCount(of owner: UserID, in access: ReadAccess) throws -> Int {
        let row = try access.first(
            """
            SELECT COUNT(*) AS count FROM fetches JOIN videos ON videos.id = fetches.video_id
            WHERE videos.owner_id = $1 AND \(Self.isOpen)
            """, owner)
        return try row?.value("count") ?? 0
    }

    /// What is due, with who has it in hand.
    func due(at time: Date, in access: ReadAccess) throws -> [(fetch: Fetch, holder: String, heldUntil: Date)] {
        try access.query(
            "\(Self.selection) WHERE \(Self.isOpen) AND fetches.due_at <= $1 ORDER BY fetches.due_at LIMIT 1000", time
        ).compactMap { row in
            guard let fetch = try Fetch(row: row) else { return nil }
            return (fetch, try row.value("holder"), try row.value("held_until"))
        }
    }

    // MARK: Writing

    func insert(_ fetch: Fetch, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO fetches (video_id, address, names_video, state, due_at) VALUES ($1, $2, $3, $4, $5)",
            fetch.video, fetch.address.text, fetch.namesVideo, fetch.state.rawValue, fetch.dueAt)
    }

    /// Begins an attempt.
    ///
    /// - Parameter former: who had it in hand before.
    /// - Returns: false where another server was faster.
    func take(
        _ id: VideoID, by holder: LeaseOwner, until end: Date, from former: (holder: String, until: Date),
        in transaction: Transaction
    ) throws -> Bool {
        try transaction.execute(
            """
            UPDATE fetches SET holder = $2, held_until = $3, attempts = attempts + 1,
                state = CASE WHEN state = 'checking' THEN state ELSE 'receiving' END
            WHERE video_id = $1 AND holder = $4 AND held_until = $5 AND \(Self.isOpen)
            """, id, "\(holder)", end, former.holder, former.until) == 1
    }

    /// Keeps it, and notes how much is here.
    ///
    /// - Returns: false where this server has it no more.
    func keep(
        _ id: VideoID, by holder: LeaseOwner, received: Int64, until end: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.execute(
            "UPDATE fetches SET received_bytes = $3, held_until = $4 WHERE video_id = $1 AND holder = $2", id,
            "\(holder)", received, end) == 1
    }

    func setSource(_ id: VideoID, total: Int64?, validator: String?, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE fetches SET total_bytes = $2, validator = $3 WHERE video_id = $1", id, total, validator)
    }

    /// All bytes are here, or are none any more.
    func setState(_ state: Fetch.State, _ id: VideoID, byteCount: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE fetches SET state = $2, received_bytes = $3, total_bytes = $3 WHERE video_id = $1", id,
            state.rawValue, byteCount)
    }

    /// Gives it back, to be gone on with at that time.
    func putOff(
        _ id: VideoID, by holder: LeaseOwner, to time: Date, failures: Int, _ failure: FetchFailure?,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE fetches SET holder = '', held_until = 0, due_at = $3, failures = $4, failure_code = $5,
                state = CASE WHEN state = 'checking' THEN state ELSE 'waiting' END
            WHERE video_id = $1 AND holder = $2
            """, id, "\(holder)", time, failures, failure?.rawValue)
    }

    /// What may be a secret in its address is forgotten, here and in backups.
    ///
    /// - Returns: false where there is no such fetch.
    func fail(_ id: VideoID, _ failure: FetchFailure, in transaction: Transaction) throws -> Bool {
        guard let fetch = try find(id, in: transaction) else { return false }
        try transaction.execute(
            "UPDATE fetches SET state = 'failed', holder = '', held_until = 0, failure_code = $2 WHERE video_id = $1",
            id, failure.rawValue)
        try reduce(fetch, in: transaction)
        return true
    }

    /// Those that failed before that was done.
    func unreduced(after id: VideoID?, count: Int, in access: ReadAccess) throws -> [Fetch] {
        try access.query(
            """
            \(Self.selection) WHERE fetches.state = 'failed' AND fetches.failure_code IS NOT NULL
                AND fetches.is_reduced = 0 AND (fetches.address LIKE '%?%' OR fetches.address LIKE '%@%')
                AND fetches.video_id > $1 ORDER BY fetches.video_id LIMIT $2
            """, id.map { "\($0)" } ?? "", count
        ).compactMap(Fetch.init(row:))
    }

    func reduce(_ fetch: Fetch, in transaction: Transaction) throws {
        let (address, reduced) = (fetch.address, fetch.address.reduced)
        guard reduced != address.text else { return }
        try transaction.execute(
            "UPDATE fetches SET address = $2, is_reduced = $3 WHERE video_id = $1", fetch.video, reduced,
            reduced != address.url || address.authorization != nil)
    }

    /// What pauses is due.
    func hasten(_ id: VideoID, to time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE fetches SET due_at = $2 WHERE video_id = $1 AND state = 'waiting'", id, time)
    }

    /// From its beginning, at once.
    func restart(_ id: VideoID, at time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE fetches SET state = 'waiting', holder = '', held_until = 0, due_at = $2, attempts = 0, failures = 0,
                failure_code = NULL, received_bytes = 0, total_bytes = NULL, validator = NULL
            WHERE video_id = $1
            """, id, time)
    }

    /// Of a video in the trash: over, without a failure, until it is resumed.
    ///
    /// - Returns: false where there is no such fetch, or it is over.
    func pause(_ id: VideoID, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE fetches SET state = 'failed', holder = '', held_until = 0, failure_code = NULL
            WHERE video_id = $1 AND \(Self.isOpen)
            """, id) == 1
    }

    /// What was paused begins anew.
    func resume(_ id: VideoID, at time: Date, in transaction: Transaction) throws {
        let fetch = try find(id, in: transaction)
        guard fetch?.state == .failed, fetch?.failure == nil else { return }
        try restart(id, at: time, in: transaction)
    }

    /// - Returns: false where there is no such fetch, or it is over.
    func remove(_ id: VideoID, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM fetches WHERE video_id = $1 AND \(Self.isOpen)", id) == 1
    }
}

extension Fetch {
    /// Nil for a row that another version wrote and this one cannot read.
    init?(row: Row) throws {
        let (text, state): (String, String) = (try row.value("address"), try row.value("state"))
        guard let address = SourceAddress(text), let state = State(rawValue: state) else { return nil }
        let failure: String? = try row.value("failure_code")
        self.init(
            video: try row.value("video_id"), owner: try row.value("owner_id"), address: address,
            isReduced: try row.value("is_reduced"), namesVideo: try row.value("names_video"), state: state,
            receivedByteCount: try row.value("received_bytes"), totalByteCount: try row.value("total_bytes"),
            validator: try row.value("validator"), attempts: try row.value("attempts"),
            failures: try row.value("failures"), failure: failure.flatMap(FetchFailure.init(rawValue:)),
            dueAt: try row.value("due_at"))
    }
}
