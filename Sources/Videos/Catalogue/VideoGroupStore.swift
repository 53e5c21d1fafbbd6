import Accounts
import SQL

/// The groups that a video is for. Where there is none, it is for everybody.
///
/// - Rule: a row stays when its group is removed, so that no video becomes everybody's by that; it is its owner's and the
///   administrators' alone until somebody says otherwise. `videos.is_restricted` says whether there are rows, so that a list of
///   videos for everybody looks at no other table.
struct VideoGroupStore: Sendable {
    static let migration = Migration(
        "videos-0100",
        [
            "ALTER TABLE videos ADD COLUMN is_restricted BIGINT NOT NULL DEFAULT 0",
            """
            CREATE TABLE video_groups (
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                group_id TEXT NOT NULL,
                PRIMARY KEY (video_id, group_id)
            )
            """,
            "CREATE INDEX video_groups_by_group ON video_groups (group_id, video_id)",
        ])

    func all(of video: VideoID, in access: ReadAccess) throws -> [GroupID] {
        try access.query("SELECT group_id FROM video_groups WHERE video_id = $1 ORDER BY group_id", video)
            .map { try $0.value("group_id") }
    }

    /// The videos that are for a group, among others.
    func videos(for group: GroupID, in access: ReadAccess) throws -> [VideoID] {
        try access.query("SELECT video_id FROM video_groups WHERE group_id = $1", group)
            .map { try $0.value("video_id") }
    }

    func replace(_ groups: [GroupID], of video: VideoID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM video_groups WHERE video_id = $1", video)
        for group in groups {
            try transaction.execute("INSERT INTO video_groups (video_id, group_id) VALUES ($1, $2)", video, group)
        }
    }

    /// - Throws: `VideoDetails.Invalid` where one of them does not exist.
    func requireAll(_ groups: some Collection<GroupID>, in access: ReadAccess) throws {
        guard !groups.isEmpty else { return }
        var conditions = SQLConditions()
        conditions.require("id", isOneOf: groups)
        let found = try access.query(
            "SELECT id FROM people_groups \(conditions.whereClause)", arguments: conditions.arguments)
        guard found.count == Set(groups).count else {
            throw VideoDetails.Invalid(refusals: [
                VideoDetails.Refusal(
                    field: "groups", code: "unknown_group",
                    detail: "There is no group with one of these ids. An administrator sees them all.")
            ])
        }
    }
}

extension VideoGroupStore {
    /// As an archive names them.
    func archived(_ groups: [GroupID], in access: ReadAccess) throws -> [String] {
        try groups.map { id in
            try access.first("SELECT name FROM people_groups WHERE id = $1", id)?.value("name") ?? "\(id)"
        }.sorted()
    }

    /// What the groups of an archive are here. One that is not here becomes one that was removed, so that no video becomes
    /// everybody's by being moved.
    func taken(_ names: [String], in access: ReadAccess) throws -> [GroupID] {
        let ids = try names.map { name -> GroupID in
            // As `GroupStore` compares names.
            let found = try access.first("SELECT id FROM people_groups WHERE name_key = $1", name.lowercased())
            return try found?.value("id") ?? GroupID(name) ?? GroupID()
        }
        return Set(ids).sorted()
    }
}

extension FieldCheck {
    /// Ids of groups, each once, in their order.
    mutating func groups(_ values: some Collection<some StringProtocol>) -> [GroupID] {
        if values.count > VideoDetails.Limit.words {
            refuse("groups", "too_many", "At most \(VideoDetails.Limit.words).")
            return []
        }
        let ids = values.compactMap { value -> GroupID? in
            let id = GroupID(String(value).trimmingSpaces())
            if id == nil { refuse("groups", "invalid_id", "The ids of groups.") }
            return id
        }
        return Set(ids).sorted()
    }
}
