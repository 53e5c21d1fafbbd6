import Accounts
import Bus
import FoundationEssentials
import SQL

/// The rows of what people watch. Many are written by few statements, whose texts are few as well, so that they stay prepared.
struct WatchStore: Sendable {
    /// A person's view of a video counts again after so long.
    static let viewInterval: TimeInterval = 12 * 3600
    /// What makes a view, or half of the video where that is less.
    static let viewSeconds = 10.0

    private static let sizes = [64, 16, 4, 1]

    /// What is there of what watches refer to.
    private struct Known {
        var owners: [VideoID: UserID] = [:]
        var durations: [VideoID: Double] = [:]
        var people: Set<UserID> = []

        func has(_ watcher: Watcher) -> Bool {
            owners[watcher.video] != nil && people.contains(watcher.person)
        }

        func viewSeconds(of video: VideoID) -> Double {
            guard let duration = durations[video], duration > 0 else { return WatchStore.viewSeconds }
            return min(WatchStore.viewSeconds, duration / 2)
        }
    }

    /// Writes all of them, except for people and videos that are gone, and counts views.
    ///
    /// - Parameter watches: each watcher once, in the order of `Watcher`, in which all servers take their locks.
    /// - Returns: until when the views of watchers are counted, of those whose view is.
    func write(
        _ watches: [UnwrittenWatch], at time: Date, facts: Outbox?, in transaction: Transaction
    ) throws -> [Watcher: Date] {
        let known = try look(for: watches, in: transaction)
        let watches = watches.filter { known.has($0.watcher) }
        try writePositions(watches, in: transaction)
        let watched = watches.filter { $0.seconds > 0 }
        try addSeconds(watched, month: Month(of: time), in: transaction)
        let uncounted = watched.filter { !$0.isViewCounted }
        try addTowardsViews(uncounted, at: time, in: transaction)
        return try countViews(uncounted, known, at: time, facts: facts, in: transaction)
    }

    // MARK: Pieces

    /// Rows in pieces of few sizes.
    private static func pieces<Item>(_ items: [Item]) -> [ArraySlice<Item>] {
        var rest = items[...]
        var found: [ArraySlice<Item>] = []
        for size in sizes {
            while rest.count >= size {
                found.append(rest.prefix(size))  // bound: items
                rest = rest.dropFirst(size)
            }
        }
        return found
    }

    /// `($1, $2), ($3, $4)` with `row` for each.
    private static func rows(_ count: Int, _ width: Int, _ row: ([String]) -> String) -> String {
        (0..<count).map { number in row((1...width).map { "$\(number * width + $0)" }) }.joined(separator: ", ")
    }

    private func look(for watches: [UnwrittenWatch], in access: ReadAccess) throws -> Known {
        var known = Known()
        let videos = Array(Set(watches.map(\.watcher.video)))
        for piece in Self.pieces(videos) {
            var conditions = SQLConditions()
            conditions.require("id", isOneOf: piece)
            let rows = try access.query(
                "SELECT id, owner_id, duration FROM videos \(conditions.whereClause)", arguments: conditions.arguments)
            for row in rows {
                let id: VideoID = try row.value("id")
                known.owners[id] = try row.value("owner_id", as: UserID.self)  // bound: watches
                known.durations[id] = try row.value("duration", as: Double?.self)
            }
        }
        for piece in Self.pieces(Array(Set(watches.map(\.watcher.person)))) {
            var conditions = SQLConditions()
            conditions.require("id", isOneOf: piece)
            let rows = try access.query(
                "SELECT id FROM users \(conditions.whereClause)", arguments: conditions.arguments)
            for row in rows { known.people.insert(try row.value("id")) }  // bound: watches
        }
        return known
    }

    // MARK: Positions and seconds

    /// What another server heard later stays.
    private func writePositions(_ watches: [UnwrittenWatch], in transaction: Transaction) throws {
        for piece in Self.pieces(watches) {
            let rows = Self.rows(piece.count, 6) {
                "(\($0[0]), \($0[1]), \($0[2]), \($0[3]), NULLIF(\($0[4]), 0), NULLIF(\($0[5]), ''))"
            }
            let arguments: [any SQLConvertible] = piece.flatMap { watch -> [any SQLConvertible] in
                [
                    watch.watcher.person, watch.watcher.video, watch.position, watch.toldAt,
                    watch.watchedAt ?? Date(timeIntervalSince1970: 0), watch.watchedAt.map { Month(of: $0).text } ?? "",
                ]
            }
            try transaction.execute(
                """
                INSERT INTO watch_positions (user_id, video_id, position, updated_at, watched_at, watched_month)
                VALUES \(rows)
                ON CONFLICT (user_id, video_id) DO UPDATE SET
                    position = CASE WHEN excluded.updated_at >= watch_positions.updated_at
                        THEN excluded.position ELSE watch_positions.position END,
                    updated_at = CASE WHEN excluded.updated_at >= watch_positions.updated_at
                        THEN excluded.updated_at ELSE watch_positions.updated_at END,
                    watched_at = COALESCE(watch_positions.watched_at, excluded.watched_at),
                    watched_month = COALESCE(watch_positions.watched_month, excluded.watched_month)
                """, arguments: arguments)
        }
    }

    private func addSeconds(_ watches: [UnwrittenWatch], month: Month, in transaction: Transaction) throws {
        for piece in Self.pieces(watches) {
            let rows = Self.rows(piece.count, 4) { "(\($0.joined(separator: ", ")))" }
            try transaction.execute(
                """
                INSERT INTO watch_seconds (user_id, video_id, month, seconds) VALUES \(rows)
                ON CONFLICT (user_id, video_id, month) DO UPDATE SET seconds = watch_seconds.seconds + excluded.seconds
                """,
                arguments: piece.flatMap { watch -> [any SQLConvertible] in
                    [watch.watcher.person, watch.watcher.video, month.text, watch.seconds]
                })
        }
    }

    // MARK: Views

    /// The row of a person and a video decides, whichever servers they use: what is in it is locked from here to the commit.
    private func addTowardsViews(_ watches: [UnwrittenWatch], at time: Date, in transaction: Transaction) throws {
        for piece in Self.pieces(watches) {
            let rows = Self.rows(piece.count, 4) { "(\($0.joined(separator: ", ")))" }
            let over = "COALESCE(video_views.counted_at, video_views.began_at) <= $\(piece.count * 4 + 1)"
            var arguments = piece.flatMap { watch -> [any SQLConvertible] in
                [watch.watcher.video, watch.watcher.person, watch.seconds, time]
            }
            arguments.append(time - Self.viewInterval)
            try transaction.execute(
                """
                INSERT INTO video_views (video_id, user_id, seconds, began_at) VALUES \(rows)
                ON CONFLICT (video_id, user_id) DO UPDATE SET
                    seconds = CASE WHEN \(over) THEN excluded.seconds ELSE video_views.seconds + excluded.seconds END,
                    counted_at = CASE WHEN \(over) THEN NULL ELSE video_views.counted_at END,
                    began_at = CASE WHEN \(over) THEN excluded.began_at ELSE video_views.began_at END
                """, arguments: arguments)
        }
    }

    private func countViews(
        _ watches: [UnwrittenWatch], _ known: Known, at time: Date, facts: Outbox?, in transaction: Transaction
    ) throws -> [Watcher: Date] {
        var counted: [Watcher: Date] = [:]
        var new: [Watcher] = []
        for piece in Self.pieces(watches) {
            let rows = Self.rows(piece.count, 2) { "(\($0.joined(separator: ", ")))" }
            let found = try transaction.query(
                """
                SELECT video_id, user_id, seconds, counted_at FROM video_views
                WHERE (video_id, user_id) IN (VALUES \(rows))
                """, arguments: piece.flatMap { [$0.watcher.video.description, $0.watcher.person.description] })
            for row in found {
                let watcher = Watcher(person: try row.value("user_id"), video: try row.value("video_id"))
                if let before: Date = try row.value("counted_at", as: Date?.self) {
                    counted[watcher] = before + Self.viewInterval  // bound: watches
                } else if try row.value("seconds", as: Double.self) >= known.viewSeconds(of: watcher.video) {
                    new.append(watcher)  // bound: watches
                }
            }
        }
        for watcher in new.sorted() {
            let isMine = try transaction.execute(
                """
                UPDATE video_views SET counted_at = $3
                WHERE video_id = $1 AND user_id = $2 AND counted_at IS NULL
                """, watcher.video, watcher.person, time)
            if isMine == 1 { counted[watcher] = time + Self.viewInterval }
        }
        try raise(new.sorted().filter { counted[$0] != nil }, known, at: time, facts: facts, in: transaction)
        return counted
    }

    private func raise(
        _ viewers: [Watcher], _ known: Known, at time: Date, facts: Outbox?, in transaction: Transaction
    ) throws {
        for (video, viewers) in Dictionary(grouping: viewers, by: \.video).sorted(by: { $0.key < $1.key }) {
            try transaction.execute(
                "UPDATE videos SET view_count = view_count + $2 WHERE id = $1", video, viewers.count)
            guard let facts, let owner = known.owners[video] else { continue }
            let told = try viewers.map { try Fact.viewed(video, of: owner, by: $0.person, at: time) }
            // Aside: while nobody fetches facts, views do not take the room of what else happens.
            transaction.afterCommit {
                for fact in told { facts.recordAside(fact) }
            }
        }
    }

    /// Views that were counted, or begun, so long ago that they decide nothing any more.
    func forgetOldViews(at time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM video_views WHERE began_at <= $1 AND (counted_at IS NULL OR counted_at <= $1)
            """, time - Self.viewInterval)
    }
}
