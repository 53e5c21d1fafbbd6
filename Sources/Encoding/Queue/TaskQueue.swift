import SQL

/// The durable queue: rows with leases, so that any worker takes any task and a killed one loses only its own.
///
/// All functions run inside the caller's transaction. Times are microseconds since 1970, given by the caller.
struct TaskQueue: Sendable {
    /// Names this process in its leases.
    let owner: String
    /// How long a worker that gives no sign of life keeps its task.
    var lease = Duration.seconds(30)

    private var leaseMicroseconds: Int64 { lease.wholeNanoseconds / 1000 }

    static func add(
        _ kind: EncodingTask.Kind, chunk: Int = 0, of video: EncodingID, priority: Int, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO encoding_tasks (id, video_id, kind, chunk, priority) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (video_id, kind, chunk) DO NOTHING
            """, TaskID(), video, kind, chunk, priority)
    }

    /// The next task by priority; among equals the video that was served longest ago, then the earliest chunk. Of the tasks that
    /// were under way when the server trapped one runs at a time, so that the next trap tells which it was.
    func claim(at now: Int64, in transaction: Transaction) throws -> EncodingTask? {
        let row = try transaction.first(
            """
            SELECT t.* FROM encoding_tasks t JOIN encodings e ON e.video_id = t.video_id
            WHERE t.is_poison = 0 AND t.not_before <= $1 AND (t.lease_until IS NULL OR t.lease_until < $1)
            AND (t.traps = 0 OR NOT EXISTS (SELECT 1 FROM encoding_tasks s WHERE s.traps > 0 AND s.lease_until >= $1))
            ORDER BY t.priority, e.served_at, t.chunk LIMIT 1
            """, now)
        return try row.map { try lease(EncodingTask($0), at: now, in: transaction) }
    }

    /// One certain task, unless somebody works on it or it cannot be done.
    func claim(
        _ kind: EncodingTask.Kind, chunk: Int, of video: EncodingID, at now: Int64, in transaction: Transaction
    ) throws -> EncodingTask? {
        let row = try transaction.first(
            """
            SELECT * FROM encoding_tasks WHERE video_id = $1 AND kind = $2 AND chunk = $3 AND is_poison = 0
            AND (lease_until IS NULL OR lease_until < $4)
            """, video, kind, chunk, now)
        return try row.map { try lease(EncodingTask($0), at: now, in: transaction) }
    }

    private func lease(_ task: EncodingTask, at now: Int64, in transaction: Transaction) throws -> EncodingTask {
        var task = task
        task.attempts += 1
        try transaction.execute(
            "UPDATE encoding_tasks SET lease_owner = $2, lease_until = $3, attempts = $4 WHERE id = $1", task.id, owner,
            now + leaseMicroseconds, task.attempts)
        try transaction.execute("UPDATE encodings SET served_at = $2 WHERE video_id = $1", task.video, now)
        return task
    }

    /// Whether a video has tasks, failed ones included.
    static func hasTasks(of video: EncodingID, in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM encoding_tasks WHERE video_id = $1", video) != nil
    }

    /// Whether it is still to be seen that what is copied of a video can be decoded.
    static func isUnverified(_ video: EncodingID, in access: ReadAccess) throws -> Bool {
        try access.first(
            "SELECT id FROM encoding_tasks WHERE video_id = $1 AND is_poison = 0 AND kind IN ($2, $3)", video,
            EncodingTask.Kind.check, EncodingTask.Kind.mend) != nil
    }

    /// How many tasks are `waiting`, `running` and `failed`, and which is the oldest; states without any are left out.
    static func countsByState(at now: Int64, in access: ReadAccess) throws -> [String: TaskCount] {
        let rows = try access.query(
            """
            SELECT CASE WHEN is_poison <> 0 THEN 'failed' WHEN lease_owner IS NULL THEN 'waiting' ELSE 'running' END AS state,
            COUNT(*) AS count, MIN(id) AS oldest FROM encoding_tasks GROUP BY 1
            """)
        return try rows.reduce(into: [:]) {
            $0[try $1.value("state", as: String.self)] = TaskCount(
                count: try $1.value("count"), oldest: try $1.value("oldest"), at: now)
        }
    }

    /// How many pieces of picture nobody works on yet.
    static func waitingChunks(in access: ReadAccess) throws -> Int {
        let row = try access.first(
            "SELECT COUNT(*) AS count FROM encoding_tasks WHERE kind = $1 AND is_poison = 0 AND lease_owner IS NULL",
            EncodingTask.Kind.chunk)
        return try row?.value("count", as: Int.self) ?? 0
    }

    /// When the first waiting task may run; nil without any.
    static func nextTime(in access: ReadAccess) throws -> Int64? {
        let row = try access.first(
            """
            SELECT MIN(CASE WHEN lease_until IS NOT NULL AND lease_until > not_before THEN lease_until ELSE not_before END)
            AS time FROM encoding_tasks WHERE is_poison = 0
            """)
        return try row?.value("time", as: Int64?.self)
    }

    /// False when the task is not ours any more: its video was removed, or another worker took it over.
    func holds(_ task: EncodingTask, in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM encoding_tasks WHERE id = $1 AND lease_owner = $2", task.id, owner) != nil
    }

    @discardableResult
    func extend(_ task: EncodingTask, at now: Int64, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "UPDATE encoding_tasks SET lease_until = $3 WHERE id = $1 AND lease_owner = $2", task.id, owner,
            now + leaseMicroseconds) > 0
    }

    func finish(_ task: EncodingTask, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM encoding_tasks WHERE id = $1", task.id)
    }

    /// Back into the queue, as if it had not been taken.
    func giveBack(_ task: EncodingTask, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET lease_owner = NULL, lease_until = NULL, attempts = $3
            WHERE id = $1 AND lease_owner = $2
            """, task.id, owner, max(0, task.attempts - 1))
    }

    func postpone(_ task: EncodingTask, until time: Int64, words: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET lease_owner = NULL, lease_until = NULL, not_before = $2, last_words = $3
            WHERE id = $1
            """, task.id, time, words)
    }

    /// Never again, unless an administrator asks for it.
    func poison(_ task: EncodingTask, words: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET lease_owner = NULL, lease_until = NULL, is_poison = 1, last_words = $2
            WHERE id = $1
            """, task.id, words)
    }

    /// How often the server may trap while a task runs before the task counts as the reason.
    static let mostTraps = 2

    /// What a process of this machine held that ended by a trap of its own: all of it is suspect, keeps its attempt and is
    /// free.
    ///
    /// - Returns: the tasks that were under way too often.
    static func releaseSuspects(ownedBy prefix: String, in transaction: Transaction) throws -> [EncodingTask] {
        try transaction.execute(
            "UPDATE encoding_tasks SET traps = traps + 1 WHERE SUBSTR(lease_owner, 1, $2) = $1", prefix,
            prefix.utf8.count)
        try transaction.execute(
            """
            UPDATE encoding_tasks SET lease_owner = NULL, lease_until = NULL WHERE SUBSTR(lease_owner, 1, $2) = $1
            """, prefix, prefix.utf8.count)
        return try transaction.query(
            "SELECT * FROM encoding_tasks WHERE traps >= $1 AND is_poison = 0", mostTraps
        ).map(EncodingTask.init)
    }

    /// What a killed process of this machine held is free at once. The kill is not the tasks' fault.
    static func releaseAll(ownedBy prefix: String, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET lease_owner = NULL, lease_until = NULL,
            attempts = CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END
            WHERE SUBSTR(lease_owner, 1, $2) = $1
            """, prefix, prefix.utf8.count)
    }
}
