import SQL
import Storage

/// The rows of pictures that were made when somebody asked for them. A blob without a row is not used.
enum PictureStore {
    static let migration = Migration(
        "encoding-0090-pictures",
        [
            """
            CREATE TABLE encoding_pictures (
                video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                byte_count BIGINT NOT NULL,
                made_at BIGINT NOT NULL,
                PRIMARY KEY (video_id, name)
            )
            """,
            "CREATE INDEX encoding_pictures_by_age ON encoding_pictures (made_at)",
        ])

    /// Rows that are looked at together when room is made.
    private static let pieceSize = 100

    static func has(_ picture: PictureName, in access: ReadAccess) throws -> Bool {
        try access.first(
            "SELECT name FROM encoding_pictures WHERE video_id = $1 AND name = $2", picture.video, picture.name) != nil
    }

    /// - Returns: false where the video was removed meanwhile.
    static func put(_ picture: PictureName, byteCount: Int, in transaction: Transaction) throws -> Bool {
        guard try EncodingStore.outline(picture.video, in: transaction) != nil else { return false }
        try transaction.execute(
            """
            INSERT INTO encoding_pictures (video_id, name, byte_count, made_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (video_id, name) DO UPDATE SET byte_count = $3, made_at = $4
            """, picture.video, picture.name, byteCount, transaction.currentTime())
        return true
    }

    /// Those that have to make room, the oldest first: of one video, or where all together are too many.
    static func surplus(of id: EncodingID, _ limits: PictureLimits, in access: ReadAccess) throws -> [PictureName] {
        var surplus: Set<PictureName> = []
        let count: Int =
            try access.first("SELECT COUNT(*) AS n FROM encoding_pictures WHERE video_id = $1", id)?.value("n") ?? 0
        if count > limits.countPerVideo {
            let rows = try access.query(
                """
                SELECT video_id, name, byte_count FROM encoding_pictures WHERE video_id = $1
                ORDER BY made_at, name LIMIT \(min(Self.pieceSize, count - limits.countPerVideo))
                """, id)
            for row in rows { surplus.insert(try PictureName(row)) }
        }
        var byteCount: Int =
            try access.first("SELECT CAST(COALESCE(SUM(byte_count), 0) AS BIGINT) AS n FROM encoding_pictures")?
            .value("n") ?? 0
        guard byteCount > limits.byteCount else { return surplus.sorted { $0.name < $1.name } }
        let rows = try access.query(
            """
            SELECT video_id, name, byte_count FROM encoding_pictures ORDER BY made_at, name
            LIMIT \(Self.pieceSize)
            """)
        for row in rows where byteCount > limits.byteCount {
            surplus.insert(try PictureName(row))
            byteCount -= try row.value("byte_count", as: Int.self)  // bound: a sum of these
        }
        return surplus.sorted { $0.name < $1.name }
    }

    static func remove(_ pictures: [PictureName], in transaction: Transaction) throws {
        for picture in pictures {
            try transaction.execute(
                "DELETE FROM encoding_pictures WHERE video_id = $1 AND name = $2", picture.video, picture.name)
        }
    }
}

/// How many pictures are made, and how many are kept.
struct PictureLimits: Sendable {
    var countPerVideo = 100
    /// Of all videos together.
    var byteCount = 512 << 20
    /// Made at the same time.
    var atOnce = 2
    /// Different ones that are being made or wait for their turn.
    var waiting = 16
}

/// A picture that is made when somebody asks for it.
struct PictureName: Sendable, Hashable {
    let video: EncodingID
    /// Of the file in the video's folder.
    let name: String

    init(_ video: EncodingID, _ name: String) {
        (self.video, self.name) = (video, name)
    }

    init(_ row: Row) throws {
        self.init(try row.value("video_id"), try row.value("name"))
    }

    var key: BlobKey? { VideoFiles.folder(video).appending(name: name) }
}
