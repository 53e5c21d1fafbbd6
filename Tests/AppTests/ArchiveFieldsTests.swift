import SQL
import Testing

@testable import App
@testable import TestSupport
@testable import Videos

/// Whoever gives a video something new decides here whether an archive has it.
@Suite("What an archive has of a video")
struct ArchiveFieldsTests {
    /// By the names of `Video`, of which some have another one in an archive.
    private static let madeAnew: Set = [
        "status", "progress", "duration", "width", "height", "kind", "hasThumbnail", "renditions", "failure",
        "warnings",
        "readyAt", "fetch", "trashedAt", "laterVersion", "replacement",
    ]
    private static let archivedColumns: Set = [
        "id", "owner_id", "title", "description", "category", "is_premium", "is_hidden", "password_hash", "checksum",
        "byte_count", "file_name", "view_count", "created_at", "updated_at", "language", "recorded_on", "chapters",
        "downloads", "is_restricted", "poster", "poster_time", "is_featured",
    ]
    private static let otherColumns: Set = [
        "status", "progress", "duration", "width", "height", "kind", "has_thumbnail", "renditions", "failure_code",
        "failure_detail", "warnings", "ready_at", "trashed_at", "handed_over_from", "version_id", "replacement",
    ]
    private static let archivedTables: Set = [
        "video_tags", "video_people", "video_captions", "video_transcripts", "favorites", "watch_positions",
        "watch_list_videos", "video_groups",
    ]
    /// Made anew, of this house alone (links, sessions, statistics), or over when the file is there.
    private static let otherTables: Set = [
        "film_captions", "video_versions", "search_documents", "video_shares", "access_sessions", "watch_seconds",
        "video_views",
        "fetches",
        "uploads",
    ]

    private static func names(_ value: Any) -> Set<String> {
        Set(Mirror(reflecting: value).children.compactMap(\.label))
    }

    @Test("Each property of a video is in an archive, or is one that is made anew")
    func properties() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        _ = try await house.addVideo()
        let video = try await house.database.read { access in
            let id: VideoID? = try access.first("SELECT id FROM videos")?.value("id")
            return try id.flatMap { try VideoStore().find($0, in: access) }
        }
        let archived = try await house.database.read { try ArchivedVideo.page(after: "", count: 1, in: $0).first }
        let (properties, fields) = (Self.names(try #require(video)), Self.names(try #require(archived)))
        #expect(properties.subtracting(fields) == Self.madeAnew)
        // Of other tables.
        #expect(fields.subtracting(properties) == ["captions", "transcript", "version"])
        await house.server.stop()
    }

    @Test("Each column and each table of a video is in an archive, or is known to be left out")
    func rows() async throws {
        let house = try await AppHouse(in: try TemporaryFolder())
        let (columns, tables) = try await house.database.read { access in
            func names(_ sqlite: String, _ postgreSQL: String) throws -> Set<String> {
                let rows = try access.query(access.dialect == .sqlite ? sqlite : postgreSQL)
                return Set(try rows.map { try $0.value("name", as: String.self) })
            }
            return (
                try names(
                    "SELECT name FROM pragma_table_info('videos')",
                    """
                    SELECT column_name::TEXT AS name FROM information_schema.columns
                    WHERE table_schema = current_schema() AND table_name = 'videos'
                    """),
                try names(
                    """
                    SELECT m.name AS name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p
                    WHERE m.type = 'table' AND p.name = 'video_id'
                    """,
                    """
                    SELECT table_name::TEXT AS name FROM information_schema.columns
                    WHERE table_schema = current_schema() AND column_name = 'video_id'
                    """)
            )
        }
        #expect(columns == Self.archivedColumns.union(Self.otherColumns))
        #expect(tables.filter { !$0.hasPrefix("encoding") } == Self.archivedTables.union(Self.otherTables))
        await house.server.stop()
    }
}
