import FoundationEssentials
import SQL

/// The rows of versions that videos are not made of.
struct VersionStore: Sendable {
    private static let columns = "id, video_id, brought_by, checksum, byte_count, file_name, created_at, removed_at"

    func find(_ id: VersionID, in access: ReadAccess) throws -> VideoVersion? {
        try access.first("SELECT \(Self.columns) FROM video_versions WHERE id = $1", id).map(VideoVersion.init(row:))
    }

    func all(of video: VideoID, in access: ReadAccess) throws -> [VideoVersion] {
        try access.query("SELECT \(Self.columns) FROM video_versions WHERE video_id = $1 ORDER BY id", video)
            .map(VideoVersion.init(row:))
    }

    /// Those whose time is over, by id.
    func due(at time: Date, after id: String, limit: Int, in access: ReadAccess) throws -> [VideoVersion] {
        try access.query(
            "SELECT \(Self.columns) FROM video_versions WHERE removed_at <= $1 AND id > $2 ORDER BY id LIMIT $3", time,
            id,
            limit
        ).map(VideoVersion.init(row:))
    }

    func insert(_ version: VideoVersion, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO video_versions (id, video_id, brought_by, checksum, byte_count, file_name, created_at, removed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            version.id, version.video, version.broughtBy, version.checksum, version.byteCount, version.fileName,
            version.createdAt, version.removedAt)
    }

    /// Its files may go from then on.
    func leave(_ id: VersionID, at time: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE video_versions SET removed_at = $2 WHERE id = $1", id, time)
    }

    func remove(_ id: VersionID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM video_versions WHERE id = $1", id)
    }

    /// Whether a file for this video is on its way or in work, one upload apart.
    func isUnderWay(_ video: VideoID, except upload: UploadID, in access: ReadAccess) throws -> Bool {
        try access.first(
            """
            SELECT 1 AS found FROM video_versions WHERE video_id = $1 AND removed_at IS NULL
            UNION ALL SELECT 1 FROM uploads WHERE replaces = $1 AND id <> $2 AND state = 'receiving'
            """, video, upload) != nil
    }

    /// Every folder that a row stands for. The one of a video's own id has its cover when its first version is gone.
    func allIDs(in access: ReadAccess) throws -> Set<VersionID> {
        Set(
            try access.query(
                """
                SELECT id FROM videos UNION SELECT version_id FROM videos WHERE version_id IS NOT NULL
                UNION SELECT id FROM video_versions
                """
            ).map { try $0.value("id") })
    }

    func isKnown(_ id: String, in access: ReadAccess) throws -> Bool {
        try access.first(
            """
            SELECT 1 AS found FROM videos WHERE id = $1 OR version_id = $1
            UNION ALL SELECT 1 FROM video_versions WHERE id = $1
            """, id) != nil
    }

    static let migration = Migration(
        "videos-0160",
        [
            // Null while it is the one that the video began with, which has the video's id.
            "ALTER TABLE videos ADD COLUMN version_id TEXT",
            "ALTER TABLE videos ADD COLUMN replacement TEXT",
            "CREATE UNIQUE INDEX videos_by_version ON videos (version_id) WHERE version_id IS NOT NULL",
            "ALTER TABLE uploads ADD COLUMN replaces TEXT",
            "CREATE INDEX uploads_by_replaced ON uploads (replaces) WHERE replaces IS NOT NULL",
            """
            CREATE TABLE video_versions (
                id TEXT PRIMARY KEY,
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                brought_by TEXT NOT NULL,
                checksum TEXT NOT NULL,
                byte_count BIGINT NOT NULL,
                file_name TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                removed_at BIGINT
            )
            """,
            "CREATE INDEX video_versions_by_video ON video_versions (video_id)",
            // One at a time, whatever two servers do at once.
            "CREATE UNIQUE INDEX video_versions_in_work ON video_versions (video_id) WHERE removed_at IS NULL",
            "CREATE INDEX video_versions_by_end ON video_versions (removed_at) WHERE removed_at IS NOT NULL",
        ])
}

extension VideoVersion {
    fileprivate init(row: Row) throws {
        self.init(
            id: try row.value("id"), video: try row.value("video_id"), broughtBy: try row.value("brought_by"),
            checksum: try row.value("checksum"), byteCount: try row.value("byte_count"),
            fileName: try row.value("file_name"), createdAt: try row.value("created_at"),
            removedAt: try row.value("removed_at"))
    }
}

extension VideoStore {
    /// The video that is made of this version now.
    func video(of version: VersionID, in access: ReadAccess) throws -> VideoID? {
        try access.first(
            "SELECT id FROM videos WHERE (id = $1 AND version_id IS NULL) OR version_id = $1", version
        )?.value("id")
    }

    /// From now on the video is made of this one. What the encoder knows of it is written by `apply`.
    func setVersion(_ version: VideoVersion, at time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE videos SET version_id = $2, checksum = $3, byte_count = $4, file_name = $5, updated_at = $6,
                handed_over_from = '', replacement = NULL
            WHERE id = $1
            """, version.video, version.id, version.checksum, version.byteCount, version.fileName, time)
    }

    /// - Parameter replacement: nil where nothing is under way, and nothing has failed.
    func setReplacement(_ replacement: Video.Replacement?, of id: VideoID, in transaction: Transaction) throws {
        let text = try replacement.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        try transaction.execute("UPDATE videos SET replacement = $2 WHERE id = $1", id, text)
    }
}
