import Accounts
import FoundationEssentials
import Media
import SQL

/// The rows of the catalogue: one dialect-neutral text per statement.
public struct VideoStore: Sendable {
    public init() {}

    static let columns = """
        videos.id, videos.owner_id, videos.title, videos.description, videos.category, videos.is_premium, \
        videos.is_hidden, videos.password_hash, videos.checksum, videos.byte_count, videos.file_name, videos.status, \
        videos.progress, videos.duration, videos.width, videos.height, videos.kind, videos.has_thumbnail, \
        videos.renditions, videos.failure_code, \
        videos.failure_detail, videos.warnings, videos.view_count, videos.created_at, videos.updated_at, \
        videos.ready_at, videos.language, videos.recorded_on, videos.chapters, videos.trashed_at, videos.downloads, \
        videos.poster, videos.poster_time, videos.is_featured, videos.version_id, videos.replacement
        """

    // MARK: Reading

    func find(_ id: VideoID, in access: ReadAccess) throws -> Video? {
        let rows = try access.query("SELECT \(Self.columns) FROM videos WHERE id = $1", id)
        return try videos(rows, in: access).first
    }

    func status(of id: VideoID, in access: ReadAccess) throws -> Video.Status? {
        let status: String? = try access.first("SELECT status FROM videos WHERE id = $1", id)?.value("status")
        return status.flatMap(Video.Status.init(rawValue:))
    }

    func passwordHash(of id: VideoID, in access: ReadAccess) throws -> String? {
        try access.first("SELECT password_hash FROM videos WHERE id = $1", id)?.value("password_hash")
    }

    /// The video that this owner made of the same bytes before. What is in the trash is none: a new video begins.
    func find(owner: UserID, checksum: String, in access: ReadAccess) throws -> VideoID? {
        try access.first(
            "SELECT id FROM videos WHERE owner_id = $1 AND checksum = $2 AND trashed_at IS NULL LIMIT 1", owner,
            checksum
        )?.value("id")
    }

    /// Fills in tags, people and groups, with one query for all rows.
    func videos(_ rows: [Row], in access: ReadAccess) throws -> [Video] {
        var videos = try rows.map(Video.init(row:))
        guard !videos.isEmpty else { return [] }
        let parameters = (1...videos.count).map { "$\($0)" }.joined(separator: ", ")
        let names = try access.query(
            """
            SELECT 0 AS kind, video_id, position, name FROM video_tags WHERE video_id IN (\(parameters))
            UNION ALL SELECT 1, video_id, position, name FROM video_people WHERE video_id IN (\(parameters))
            UNION ALL SELECT 2, video_id, 0, group_id FROM video_groups WHERE video_id IN (\(parameters))
            ORDER BY video_id, kind, position
            """,
            arguments: videos.map(\.id))
        // Those of one video come one after the other.
        var lists: [VideoID: (tags: [String], people: [String], groups: [GroupID])] = [:]
        var (text, id): (String, VideoID?) = ("", nil)
        var own: (tags: [String], people: [String], groups: [GroupID]) = ([], [], [])
        for row in names {
            let kind: Int = try row.value("kind")
            let of: String = try row.value("video_id")
            if of != text {
                if let id { lists[id] = own }
                (text, id, own) = (of, VideoID(of), ([], [], []))
            }
            switch kind {
            case 0: own.tags.append(try row.value("name"))  // bound: names of a video
            case 1: own.people.append(try row.value("name"))  // bound: names of a video
            default: own.groups.append(try row.value("name"))  // bound: groups of a video
            }
        }
        if let id { lists[id] = own }
        for index in videos.indices {
            let list = lists[videos[index].id] ?? ([], [], [])
            (videos[index].tags, videos[index].people) = (list.tags, list.people)
            videos[index].groups = list.groups.sorted()
            if videos[index].checksum.isEmpty {
                videos[index].fetch = try FetchStore().find(videos[index].id, in: access)?.progress
            }
        }
        return videos
    }

    // MARK: Writing

    func insert(_ video: Video, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO videos (id, owner_id, title, description, category, is_premium, is_hidden, password_hash,
                checksum, byte_count, file_name, status, progress, duration, width, height, kind, renditions,
                warnings, view_count, created_at, updated_at, language, recorded_on, chapters,
                handed_over_from, is_restricted, downloads)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24, $25, $26, $27, $28)
            """,
            video.id, video.owner, video.title, video.description, video.category, video.isPremium, video.isHidden,
            video.passwordHash, video.checksum, video.byteCount, video.fileName, video.status.rawValue, video.progress,
            video.duration, video.width, video.height, video.kind.rawValue, try Self.text(of: video.renditions),
            try Self.text(of: video.warnings), video.viewCount, video.createdAt, video.updatedAt,
            video.language?.text, video.recordedOn?.description, try Self.text(of: video.chapters),
            // Files that are still to come are not the same for being unknown.
            video.checksum.isEmpty ? "\(video.id)" : "", !video.groups.isEmpty,
            video.downloads.rawValue)
        try replaceLists(of: video, in: transaction)
    }

    private func replaceLists(of video: Video, in transaction: Transaction) throws {
        try replaceNames(in: "video_tags", of: video, with: video.tags, transaction)
        try replaceNames(in: "video_people", of: video, with: video.people, transaction)
        try VideoGroupStore().replace(video.groups, of: video.id, in: transaction)
        try learn(video, in: transaction)
        try index(video, in: transaction)
    }

    private func learn(_ video: Video, in transaction: Transaction) throws {
        let terms = TermStore()
        if let category = video.category {
            try terms.learn([category], .category, at: video.updatedAt, in: transaction)
        }
        try terms.learn(video.people, .person, at: video.updatedAt, in: transaction)
    }

    func all(of owner: UserID, in access: ReadAccess) throws -> [VideoID] {
        try access.query("SELECT id FROM videos WHERE owner_id = $1", owner).map { try $0.value("id") }
    }

    /// Writes everything that its owner may change.
    func update(_ video: Video, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE videos SET title = $2, description = $3, category = $4, is_premium = $5, is_hidden = $6,
                password_hash = $7, updated_at = $8, language = $9, recorded_on = $10, chapters = $11, downloads = $12,
                is_restricted = $13, poster = $14, poster_time = $15, is_featured = $16
            WHERE id = $1
            """,
            video.id, video.title, video.description, video.category, video.isPremium, video.isHidden,
            video.passwordHash, video.updatedAt, video.language?.text, video.recordedOn?.description,
            try Self.text(of: video.chapters), video.downloads.rawValue, !video.groups.isEmpty, video.poster?.version,
            video.poster?.time, video.isFeatured)
        try replaceLists(of: video, in: transaction)
    }

    /// Writes what the encoder tells. What it does not know any more or not yet stays.
    func apply(_ progress: EncodingProgress, to id: VideoID, at time: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE videos SET status = $2, progress = $3, duration = COALESCE($4, duration),
                width = COALESCE($5, width), height = COALESCE($6, height), renditions = $7,
                failure_code = $8, failure_detail = $9, warnings = $10, updated_at = $11, kind = $12, has_thumbnail = $13,
                ready_at = CASE WHEN $2 = 'ready' AND ready_at IS NULL THEN $11 ELSE ready_at END
            WHERE id = $1
            """,
            id, progress.status.rawValue, progress.progress, progress.duration, progress.width, progress.height,
            try Self.text(of: progress.renditions), progress.failure?.code, progress.failure?.detail,
            try Self.text(of: progress.warnings), time, progress.kind.rawValue, progress.hasThumbnail)
    }

    @discardableResult
    func remove(_ id: VideoID, in transaction: Transaction) throws -> Bool {
        try transaction.searchIndex.remove(id, in: transaction)
        return try transaction.execute("DELETE FROM videos WHERE id = $1", id) > 0
    }

    private func replaceNames(
        in table: String, of video: Video, with names: [String], _ transaction: Transaction
    ) throws {
        try transaction.execute("DELETE FROM \(table) WHERE video_id = $1", video.id)
        for (position, name) in names.enumerated() {
            try transaction.execute(
                "INSERT INTO \(table) (video_id, position, name, video_created_at) VALUES ($1, $2, $3, $4)", video.id,
                position, name, video.createdAt)
        }
    }

    private static func text(of values: [some Encodable]) throws -> String {
        String(decoding: try JSONEncoder().encode(values), as: UTF8.self)
    }
}

extension Video {
    init(row: Row) throws {
        // In the order of `VideoStore.columns`, in which they are found soonest.
        id = try row.value("id")
        owner = try row.value("owner_id")
        title = try row.value("title")
        description = try row.value("description")
        category = try row.value("category")
        isPremium = try row.value("is_premium")
        isHidden = try row.value("is_hidden")
        passwordHash = try row.value("password_hash")
        checksum = try row.value("checksum")
        byteCount = try row.value("byte_count")
        fileName = try row.value("file_name")
        status = Status(rawValue: try row.value("status")) ?? .pending
        progress = try row.value("progress")
        duration = try row.value("duration")
        width = try row.value("width")
        height = try row.value("height")
        kind = MediaKind(rawValue: try row.value("kind")) ?? .video
        hasThumbnail = try row.value("has_thumbnail")
        renditions = try Self.list(try row.value("renditions"))
        let failureCode: String? = try row.value("failure_code")
        let failureDetail: String? = try row.value("failure_detail")
        failure = failureCode.map { EncodingProgress.Failure(code: $0, detail: failureDetail ?? "") }
        warnings = try Self.list(try row.value("warnings"))
        viewCount = try row.value("view_count")
        createdAt = try row.value("created_at")
        updatedAt = try row.value("updated_at")
        readyAt = try row.value("ready_at")
        let (language, recordedOn): (String?, String?) = (try row.value("language"), try row.value("recorded_on"))
        self.language = language.flatMap { LanguageTag($0) }
        self.recordedOn = recordedOn.flatMap { CalendarDay($0) }
        chapters = try Self.list(try row.value("chapters"))
        trashedAt = try row.value("trashed_at")
        downloads = Downloads(rawValue: try row.value("downloads")) ?? .none
        poster = try Poster(row: row)
        isFeatured = try row.value("is_featured")
        laterVersion = try row.value("version_id")
        let replacement: String? = try row.value("replacement")
        self.replacement = try replacement.map { try JSONDecoder().decode(Replacement.self, from: Data($0.utf8)) }
        (tags, people) = ([], [])
    }

    /// A list that is kept as text. Most are empty, for which no decoder is made.
    private static func list<Item: Decodable>(_ text: String) throws -> [Item] {
        text == "[]" ? [] : try JSONDecoder().decode([Item].self, from: Data(text.utf8))
    }
}
