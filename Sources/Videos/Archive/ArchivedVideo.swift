import SQL
import Storage

/// A word of the vocabulary as `palco export` writes it.
public struct ArchivedTerm: Codable, Sendable, Equatable {
    public var kind: String
    public var name: String
    public var role: String?
    public var isListed: Bool
    public var createdAt: Int64

    public static func all(in access: ReadAccess) throws -> [ArchivedTerm] {
        try access.query("SELECT kind, name, role, is_listed, created_at FROM terms ORDER BY kind, name").map { row in
            ArchivedTerm(
                kind: try row.value("kind"), name: try row.value("name"), role: try row.value("role"),
                isListed: try row.value("is_listed"), createdAt: try row.value("created_at"))
        }
    }

    /// What is there stays as it is.
    ///
    /// - Returns: whether it is new here.
    public func take(in transaction: Transaction) throws -> Bool {
        guard let kind = Term.Kind(rawValue: kind), !name.isEmpty else { return false }
        var check = FieldCheck()
        let word = check.word(name, "name") ?? ""
        let part = check.word(role, "role")
        try check.finish()
        return try transaction.execute(
            """
            INSERT INTO terms (id, kind, name, role, is_listed, created_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (kind, name) DO NOTHING
            """, TermID(), kind.rawValue, word, part, isListed, createdAt) > 0
    }
}

/// A video as `palco export` writes it, whatever the tables look like. Times are microseconds since 1970.
public struct ArchivedVideo: Codable, Sendable, Equatable {
    public struct Captions: Codable, Sendable, Equatable {
        public var language: String
        public var label: String?
        public var kind: String
        /// WebVTT.
        public var text: String
    }

    /// The cover that somebody chose.
    public struct Poster: Codable, Sendable, Equatable {
        /// A JPEG beside the original.
        public var file: String
        /// Of a frame: seconds from the start.
        public var time: Double?
    }

    public var id: String
    /// Under which the original is kept; nil where that is the video's id.
    public var version: String?
    /// The id of a person.
    public var owner: String
    public var title: String
    public var description: String
    public var category: String?
    public var tags: [String]
    public var people: [String]
    public var language: String?
    public var recordedOn: String?
    public var chapters: [Chapter]
    public var isPremium: Bool
    public var isHidden: Bool
    /// The names of groups, and the ids of those that were removed since; nil for everybody.
    public var groups: [String]?
    public var passwordHash: String?
    /// SHA-256 of the original.
    public var checksum: String
    public var byteCount: Int64
    public var fileName: String
    public var viewCount: Int
    public var createdAt: Int64
    public var updatedAt: Int64
    public var captions: [Captions]
    public var transcript: String?
    /// What viewers may keep as a file; archives of before have none.
    public var downloads: String?
    public var poster: Poster?
    public var isFeatured: Bool?

    /// Of the original, in the archive as in the storage.
    public var key: BlobKey? { VersionID(version ?? id)?.original }
    public var posterKey: BlobKey? {
        poster.flatMap { VideoID(id)?.firstVersion.folder?.appending(name: $0.file) }
    }

    /// - Returns: the next videos by id; empty after the last.
    public static func page(after id: String, count: Int, in access: ReadAccess) throws -> [ArchivedVideo] {
        let store = VideoStore()
        let ids = try access.query(
            """
            SELECT id FROM videos WHERE id > $1 AND checksum <> '' AND trashed_at IS NULL ORDER BY id LIMIT \(count)
            """, id)
        return try ids.compactMap { row in
            try store.find(try row.value("id"), in: access).map { try ArchivedVideo($0, in: access) }
        }
    }

    private init(_ video: Video, in access: ReadAccess) throws {
        let store = CaptionStore()
        let times = try access.first("SELECT created_at, updated_at FROM videos WHERE id = $1", video.id)
        id = "\(video.id)"
        version = video.laterVersion.map { "\($0)" }
        owner = "\(video.owner)"
        title = video.title
        description = video.description
        category = video.category
        tags = video.tags
        people = video.people
        language = video.language?.text
        recordedOn = video.recordedOn?.description
        chapters = video.chapters
        isPremium = video.isPremium
        isHidden = video.isHidden
        groups = video.groups.isEmpty ? nil : try VideoGroupStore().archived(video.groups, in: access)
        passwordHash = video.passwordHash
        checksum = video.checksum
        byteCount = video.byteCount
        fileName = video.fileName
        viewCount = video.viewCount
        createdAt = try times?.value("created_at") ?? 0
        updatedAt = try times?.value("updated_at") ?? 0
        captions = try store.list(of: video.id, in: access).compactMap { caption in
            try store.text(of: video.id, caption.language, in: access).map { kept in
                Captions(
                    language: caption.language.text, label: caption.label, kind: caption.kind.rawValue, text: kept.text)
            }
        }
        transcript = try store.transcript(of: video.id, in: access)?.text
        downloads = video.downloads.rawValue
        poster = video.poster.flatMap { poster in
            poster.key(of: video.id).map { Poster(file: $0.lastComponent, time: poster.time) }
        }
        isFeatured = video.isFeatured ? true : nil
    }
}
