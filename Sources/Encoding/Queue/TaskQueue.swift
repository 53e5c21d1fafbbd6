import SQL

/// The durable queue: rows with leases, so that any worker takes any task and a killed one loses only its own.
///
/// Each taking of a task has a token of its own, which stands in every later change: a worker that slept beyond its lease changes
/// nothing, whoever has the task now, the same process included.
///
/// All functions run inside the caller's transaction. Times are microseconds since 1970, given by the caller.
package struct TaskQueue: Sendable {
    /// Names this process in its leases.
    let owner: String
    /// How long a worker that gives no sign of life keeps its task.
    var lease = Duration.seconds(30)
    /// What this process takes.
    var limits = TaskLimits()

    private var leaseMicroseconds: Int64 { lease.wholeNanoseconds / 1000 }

    static func add(
        _ kind: EncodingTask.Kind, chunk: Int = 0, of video: EncodingID, priority: Int, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO encoding_tasks (id, video_id, kind, chunk, priority) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (video_id, kind, chunk) DO NOTHING
            """, TaskID(), video, kind, chunk, priority)
        try transaction.execute(
            """
            INSERT INTO encoding_turns (video_id, priority, served_at) VALUES ($1, $2, 0)
            ON CONFLICT (video_id, priority) DO NOTHING
            """, video, priority)
    }

    /// The next task by priority; among equals the video that was served longest ago, then the earliest chunk. Of the tasks that
    /// were under way when the server trapped one runs at a time, so that the next trap tells which it was.
    package func claim(at now: Int64, in transaction: Transaction) throws -> EncodingTask? {
        guard var row = try next(at: now, in: transaction) else { return nil }
        if try row.value("traps", as: Int.self) > 0 {
            // Another worker may be about to take another of them.
            try transaction.waitForTurn("encoding suspects")
            guard let again = try next(at: now, in: transaction) else { return nil }
            row = again
        }
        return try lease(EncodingTask(row), at: now, in: transaction)
    }

    /// Whether there is a task to claim; it may be gone by then.
    func hasNext(at now: Int64, in access: ReadAccess) throws -> Bool {
        try access.first(select(), now) != nil
    }

    private func next(at now: Int64, in transaction: Transaction) throws -> Row? {
        try transaction.first(select(transaction.skippingLocked("t")), now)
    }

    /// Goes along the videos' turns and ends at the first task, however many wait.
    private func select(_ locking: String = "") -> String {
        """
        SELECT t.* FROM encoding_turns v JOIN encoding_tasks t ON t.video_id = v.video_id AND t.priority = v.priority
        \(limits.join) WHERE t.is_poison = 0 AND t.not_before <= $1 AND (t.lease_until IS NULL OR t.lease_until < $1)
        AND (t.traps = 0 OR NOT EXISTS (SELECT 1 FROM encoding_tasks s WHERE s.traps > 0 AND s.lease_until >= $1))
        \(limits.condition) ORDER BY v.priority, v.served_at, v.video_id, t.chunk LIMIT 1\(locking)
        """
    }

    /// One certain task, unless somebody works on it or it cannot be done.
    func claim(
        _ kind: EncodingTask.Kind, chunk: Int, of video: EncodingID, at now: Int64, in transaction: Transaction
    ) throws -> EncodingTask? {
        let row = try transaction.first(
            """
            SELECT * FROM encoding_tasks WHERE video_id = $1 AND kind = $2 AND chunk = $3 AND is_poison = 0
            AND (lease_until IS NULL OR lease_until < $4)\(transaction.skippingLocked("encoding_tasks"))
            """, video, kind, chunk, now)
        return try row.map { try lease(EncodingTask($0), at: now, in: transaction) }
    }

    private func lease(_ task: EncodingTask, at now: Int64, in transaction: Transaction) throws -> EncodingTask {
        var task = task
        task.attempts += 1
        task.lease = LeaseID()
        try transaction.execute(
            """
            UPDATE encoding_tasks SET lease_owner = $2, lease_token = $3, lease_until = $4, attempts = $5 WHERE id = $1
            """, task.id, owner, task.lease, now + leaseMicroseconds, task.attempts)
        try transaction.execute(
            "UPDATE encoding_turns SET served_at = $3 WHERE video_id = $1 AND priority = $2", task.video, task.priority,
            now)
        return task
    }

    /// Whether a video has tasks, failed ones included.
    static func hasTasks(of video: EncodingID, in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM encoding_tasks WHERE video_id = $1", video) != nil
    }

    static func hasTasks(
        of video: EncodingID, besides kind: EncodingTask.Kind, in access: ReadAccess
    ) throws -> Bool {
        try access.first("SELECT id FROM encoding_tasks WHERE video_id = $1 AND kind <> $2", video, kind) != nil
    }

    static func has(_ kind: EncodingTask.Kind, of video: EncodingID, in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM encoding_tasks WHERE video_id = $1 AND kind = $2", video, kind) != nil
    }

    /// Whether it is still to be seen that what is copied of a video can be decoded.
    static func isUnverified(_ video: EncodingID, in access: ReadAccess) throws -> Bool {
        try access.first(
            "SELECT id FROM encoding_tasks WHERE video_id = $1 AND is_poison = 0 AND kind IN ($2, $3)", video,
            EncodingTask.Kind.check, EncodingTask.Kind.mend) != nil
    }

    /// How many tasks are `waiting`, `running`, `paused` and `failed`, and which is the oldest; states without any are left out.
    static func countsByState(at now: Int64, in access: ReadAccess) throws -> [String: TaskCount] {
        let rows = try access.query(
            """
            SELECT CASE WHEN is_poison = $1 THEN 'paused' WHEN is_poison <> 0 THEN 'failed'
            WHEN lease_owner IS NULL THEN 'waiting' ELSE 'running' END AS state,
            COUNT(*) AS count, MIN(id) AS oldest FROM encoding_tasks GROUP BY 1
            """, paused)
        return try rows.reduce(into: [:]) {
            $0[try $1.value("state", as: String.self)] = TaskCount(
                count: try $1.value("count"), oldest: try $1.value("oldest"), at: now)
        }
    }

    /// How many pieces of picture nobody works on yet, as far as `most`.
    static func waitingChunks(most: Int, in access: ReadAccess) throws -> Int {
        let row = try access.first(
            """
            SELECT COUNT(*) AS count FROM (SELECT 1 FROM encoding_tasks
            WHERE kind = $1 AND is_poison = 0 AND lease_owner IS NULL LIMIT $2) AS waiting
            """, EncodingTask.Kind.chunk, most)
        return try row?.value("count", as: Int.self) ?? 0
    }

    /// When a task that is not to be had now may be; nil without any.
    static func nextTime(after now: Int64, in access: ReadAccess) throws -> Int64? {
        let row = try access.first(
            """
            SELECT (SELECT MIN(not_before) FROM encoding_tasks WHERE not_before > $1 AND is_poison = 0) AS start,
            (SELECT MIN(lease_until) FROM encoding_tasks WHERE lease_until >= $1) AS ended
            """, now)
        let times = [try row?.value("start", as: Int64?.self), try row?.value("ended", as: Int64?.self)]
        return times.compactMap { $0 ?? nil }.min()
    }

    /// The task `$1` is held as `$2` tells: whoever was late finds that nothing of theirs is kept.
    private static let isHeld = "id = $1 AND COALESCE(lease_token, '') = $2"
    private static let free = "lease_owner = NULL, lease_token = NULL, lease_until = NULL"

    /// False when the task is not ours any more: its video was removed, or another worker took it over.
    func holds(_ task: EncodingTask, in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM encoding_tasks WHERE \(Self.isHeld)", task.id, task.token) != nil
    }

    @discardableResult
    func extend(_ task: EncodingTask, at now: Int64, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "UPDATE encoding_tasks SET lease_until = $3 WHERE \(Self.isHeld)", task.id, task.token,
            now + leaseMicroseconds) > 0
    }

    package func finish(_ task: EncodingTask, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM encoding_tasks WHERE \(Self.isHeld)", task.id, task.token)
        try transaction.execute(
            """
            DELETE FROM encoding_turns WHERE video_id = $1 AND priority = $2
            AND NOT EXISTS (SELECT 1 FROM encoding_tasks WHERE video_id = $1 AND priority = $2)
            """, task.video, task.priority)
    }

    /// Back into the queue, as if it had not been taken.
    func giveBack(_ task: EncodingTask, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET \(Self.free), attempts = $3 WHERE \(Self.isHeld)
            """, task.id, task.token, max(0, task.attempts - 1))
    }

    func postpone(_ task: EncodingTask, until time: Int64, words: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET \(Self.free), not_before = $3, last_words = $4 WHERE \(Self.isHeld)
            """, task.id, task.token, time, words)
    }

    /// Never again, unless an administrator asks for it.
    func poison(_ task: EncodingTask, words: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET \(Self.free), is_poison = 1, last_words = $3 WHERE \(Self.isHeld)
            """, task.id, task.token, words)
    }

    /// What `is_poison` is of a task that waits until its video is resumed. Whoever looks for work asks for 0, so that nobody takes it.
    private static let paused = 2

    /// What is under way is free, as if it had not been taken.
    static func pause(_ video: EncodingID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE encoding_tasks SET is_poison = $2,
            attempts = CASE WHEN lease_owner IS NOT NULL AND attempts > 0 THEN attempts - 1 ELSE attempts END, \(free)
            WHERE video_id = $1 AND is_poison = 0
            """, video, paused)
        try transaction.execute("DELETE FROM encoding_demands WHERE video_id = $1", video)
    }

    static func resume(_ video: EncodingID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE encoding_tasks SET is_poison = 0 WHERE video_id = $1 AND is_poison = $2", video, paused)
    }

    /// Those who hold leases under names of which nobody works any more.
    static func goneOwners(in access: ReadAccess) throws -> [String] {
        try access.query("SELECT DISTINCT lease_owner FROM encoding_tasks WHERE lease_owner IS NOT NULL")
            .map { try $0.value("lease_owner", as: String.self) }
            .filter { LeaseOwner($0)?.isGone == true }
    }

    /// How often the server may trap while a task runs before the task counts as the reason.
    static let mostTraps = 2

    /// What processes held that ended by a trap of their own: all of it is suspect, keeps its attempt and is free.
    ///
    /// - Returns: the tasks that were under way too often.
    static func releaseSuspects(of owners: [String], in transaction: Transaction) throws -> [EncodingTask] {
        for owner in owners {
            try transaction.execute(
                "UPDATE encoding_tasks SET traps = traps + 1, \(free) WHERE lease_owner = $1", owner)
        }
        return try transaction.query(
            "SELECT * FROM encoding_tasks WHERE traps >= $1 AND is_poison = 0", mostTraps
        ).map(EncodingTask.init)
    }

    /// What killed processes held is free at once. The kill is not the tasks' fault.
    static func releaseAll(of owners: [String], in transaction: Transaction) throws -> Int {
        try owners.reduce(0) { count, owner in
            try count
                + transaction.execute(
                    """
                    UPDATE encoding_tasks SET \(free), attempts = CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END
                    WHERE lease_owner = $1
                    """, owner)  // bound: rows of a table
        }
    }
}

extension EncodingTask {
    /// As it stands in the row; empty where nobody holds the task.
    fileprivate var token: String { lease.map { "\($0)" } ?? "" }
}
