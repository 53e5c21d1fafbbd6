import SQL
import Storage

/// A video and the file that it was made from, as its row says.
public struct StoredOriginal: Sendable {
    public let id: VideoID
    /// Under whose name all is kept that was made of it.
    public let version: VersionID
    public let title: String
    public let key: BlobKey
    public let byteCount: Int
    /// SHA-256, in hexadecimal digits.
    public let checksum: String
    /// The cover that somebody chose, which nobody could make anew; nil for the automatic one.
    public let poster: BlobKey?

    /// Not of what is still being fetched or is being removed for good, of which nobody knows how much is there.
    ///
    /// - Returns: the next ones by id; empty after the last.
    public static func page(after id: VideoID?, count: Int, in access: ReadAccess) throws -> [StoredOriginal] {
        try access.query(
            """
            SELECT id, COALESCE(version_id, id) AS version, title, byte_count, checksum, poster, poster_time FROM videos
            WHERE id > $1 AND checksum <> '' AND (trashed_at IS NULL OR trashed_at <> 0) ORDER BY id LIMIT \(count)
            """, id.map { "\($0)" } ?? ""
        ).compactMap { row in
            let (id, version): (VideoID, VersionID) = (try row.value("id"), try row.value("version"))
            guard let key = version.original else { return nil }
            return StoredOriginal(
                id: id, version: version, title: try row.value("title"), key: key,
                byteCount: try row.value("byte_count"), checksum: try row.value("checksum"),
                poster: try Video.Poster(row: row)?.key(of: id))
        }
    }

    /// Whether a folder of blobs is that of a version of a video, or of one that is still being uploaded.
    public static func isKnown(folder name: String, in access: ReadAccess) throws -> Bool {
        try VersionStore().isKnown(name, in: access)
            || access.first("SELECT id FROM uploads WHERE id = $1 AND state = 'receiving'", name) != nil
    }

    /// Whether it is still this cover that the row of the video names.
    public func isPosterCurrent(in access: ReadAccess) throws -> Bool {
        try access.first("SELECT poster, poster_time FROM videos WHERE id = $1", id).flatMap { row in
            try Video.Poster(row: row)?.key(of: id)
        } == poster
    }

    /// Whether it is still this original that the row of the video names.
    public func isCurrent(in access: ReadAccess) throws -> Bool {
        try access.first("SELECT id FROM videos WHERE id = $1 AND checksum = $2", id, checksum) != nil
    }
}
