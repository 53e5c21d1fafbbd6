import Accounts
import FoundationEssentials
import Media
import SQL

/// The rows of uploads.
struct UploadStore: Sendable {
    private static let columns = """
        id, owner_id, byte_count, metadata, details, state, checked_offset, video_id, refusal_code, created_at, expires_at, \
        replaces
        """

    /// What an uploader said, kept until there is a video to say it about. Passwords are kept as hashes only.
    struct StoredDetails: Codable {
        var title: String
        var description: String
        var category: String?
        var tags: [String]
        var people: [String]
        var language: String?
        var recordedOn: String?
        var isPremium: Bool
        var isHidden: Bool
        /// Nil in rows of older servers.
        var groups: [String]?
        var passwordHash: String?
        var fileName: String
    }

    func find(_ id: UploadID, in access: ReadAccess) throws -> Upload? {
        try access.first("SELECT \(Self.columns) FROM uploads WHERE id = $1", id).map(Upload.init(row:))
    }

    /// Uploads that may have to be finished or swept when the server starts.
    func unfinished(in access: ReadAccess) throws -> [Upload] {
        try access.query("SELECT \(Self.columns) FROM uploads WHERE state = 'receiving' ORDER BY id")
            .map(Upload.init(row:))
    }

    func unfinishedTotal(in access: ReadAccess) throws -> UnfinishedUploads {
        let row = try access.first(
            """
            SELECT COUNT(*) AS count, COALESCE(SUM(byte_count), 0) AS bytes FROM uploads
            WHERE state IN ('receiving', 'reserved')
            """)
        return UnfinishedUploads(count: try row?.value("count") ?? 0, byteCount: try row?.value("bytes") ?? 0)
    }

    func expired(at time: Date, in access: ReadAccess) throws -> [Upload] {
        try access.query("SELECT \(Self.columns) FROM uploads WHERE expires_at <= $1 ORDER BY id", time)
            .map(Upload.init(row:))
    }

    func unfinished(of owner: UserID, in access: ReadAccess) throws -> [UploadID] {
        try access.query(
            "SELECT id FROM uploads WHERE owner_id = $1 AND state IN ('receiving', 'reserved')", owner
        ).map { try $0.value("id") }
    }

    func unfinishedCount(owner: UserID, in access: ReadAccess) throws -> Int {
        let row = try access.first(
            "SELECT COUNT(*) AS count FROM uploads WHERE owner_id = $1 AND state IN ('receiving', 'reserved')", owner)
        return try row?.value("count") ?? 0
    }

    /// - Parameter holder: the server whose request the slot is for; it ends with it.
    func reserve(
        _ id: UploadID, for owner: UserID, byteCount: Int64, at time: Date, expiresAt: Date, by holder: LeaseOwner,
        in transaction: Transaction
    ) throws {
        try insert(
            Upload(
                id: id, owner: owner, byteCount: byteCount, metadata: "", details: VideoDetails(), fileName: "",
                state: .reserved, checkedOffset: nil, video: nil, refusal: nil, createdAt: time, expiresAt: expiresAt),
            in: transaction)
        try transaction.execute("UPDATE uploads SET holder = $2 WHERE id = $1", id, "\(holder)")
    }

    /// Makes an upload of a reserved slot.
    ///
    /// - Returns: false where the slot is gone.
    func begin(_ upload: Upload, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE uploads SET byte_count = $2, metadata = $3, details = $4, state = 'receiving', expires_at = $5,
                replaces = $6
            WHERE id = $1 AND state = 'reserved'
            """,
            upload.id, upload.byteCount, upload.metadata, try Self.text(of: upload), upload.expiresAt,
            upload.replaces) == 1
    }

    /// Servers that are not there any more and left something unfinished.
    func goneHolders(in access: ReadAccess) throws -> [String] {
        try access.query(
            "SELECT DISTINCT holder FROM uploads WHERE holder IS NOT NULL AND state IN ('receiving', 'reserved')"
        ).map { try $0.value("holder", as: String.self) }.filter { LeaseOwner($0)?.isGone == true }
    }

    func removeReserved(by holders: [String], in transaction: Transaction) throws {
        for holder in holders {
            try transaction.execute("DELETE FROM uploads WHERE state = 'reserved' AND holder = $1", holder)
        }
    }

    func insert(_ upload: Upload, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO uploads (id, owner_id, byte_count, metadata, details, state, checked_offset, created_at,
                expires_at, replaces)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            upload.id, upload.owner, upload.byteCount, upload.metadata, try Self.text(of: upload),
            upload.state.rawValue, upload.checkedOffset, upload.createdAt, upload.expiresAt, upload.replaces)
    }

    /// Notes that the upload is alive, and how far its chunks were checked.
    func touch(_ id: UploadID, checkedOffset: Int64?, expiresAt: Date, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE uploads SET checked_offset = $2, expires_at = $3 WHERE id = $1 AND state = 'receiving'",
            id, checkedOffset, expiresAt)
    }

    /// A server looks into it from now on, or nobody any more: what is looked into while the server traps is suspect.
    func setInspected(_ id: UploadID, by holder: LeaseOwner?, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE uploads SET is_inspected = $2, holder = $3 WHERE id = $1", id, holder != nil,
            holder.map { "\($0)" })
    }

    /// How often the server may trap while it looks into an upload before the upload counts as the reason.
    static let mostTraps = 2

    /// What servers looked into that are gone is looked into no more; after a trap it is suspect.
    ///
    /// - Returns: uploads that were looked into at too many traps.
    func endInspections(by holders: [String], afterTrap: Bool, in transaction: Transaction) throws -> [Upload] {
        for holder in holders {
            try transaction.execute(
                """
                UPDATE uploads SET is_inspected = 0, traps = traps + $2, holder = NULL WHERE is_inspected = 1 AND holder = $1
                """, holder, afterTrap ? 1 : 0)
        }
        return try transaction.query(
            "SELECT \(Self.columns) FROM uploads WHERE traps >= $1 AND state = 'receiving'", Self.mostTraps
        ).map(Upload.init(row:))
    }

    /// Bytes that a person's videos, their former versions and unfinished uploads take or will take, one upload apart.
    func byteCount(of owner: UserID, except id: UploadID, in access: ReadAccess) throws -> Int64 {
        let row = try access.first(
            """
            SELECT COALESCE((SELECT SUM(byte_count) FROM videos WHERE owner_id = $1), 0)
                + COALESCE((SELECT SUM(video_versions.byte_count) FROM video_versions JOIN videos
                    ON videos.id = video_versions.video_id WHERE videos.owner_id = $1), 0)
                + COALESCE((SELECT SUM(byte_count) FROM uploads WHERE owner_id = $1 AND id <> $2
                    AND state IN ('receiving', 'reserved')), 0) AS count
            """, owner, id)
        return try row?.value("count") ?? 0
    }

    func finish(_ id: UploadID, as video: VideoID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE uploads SET state = 'finished', video_id = $2 WHERE id = $1", id, video)
    }

    func refuse(_ id: UploadID, code: String, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE uploads SET state = 'refused', refusal_code = $2 WHERE id = $1", id, code)
    }

    func remove(_ id: UploadID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM uploads WHERE id = $1", id)
    }

    /// Nothing replaces the file of this video any more.
    ///
    /// - Returns: those that were to.
    func endReplacing(_ video: VideoID, in transaction: Transaction) throws -> [UploadID] {
        let ids: [UploadID] = try transaction.query(
            "SELECT id FROM uploads WHERE replaces = $1 AND state IN ('receiving', 'refused')", video
        ).map { try $0.value("id") }
        for id in ids { try remove(id, in: transaction) }
        return ids
    }

    /// A removed video may be uploaded again: what led to it is forgotten.
    func forget(video: VideoID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM uploads WHERE video_id = $1", video)
    }

    private static func text(of upload: Upload) throws -> String {
        let details = upload.details
        let stored = StoredDetails(
            title: details.title, description: details.description, category: details.category, tags: details.tags,
            people: details.people, language: details.language?.text, recordedOn: details.recordedOn?.description,
            isPremium: details.isPremium, isHidden: details.isHidden, groups: details.groups.map(\.description),
            passwordHash: details.passwordHash, fileName: upload.fileName)
        return String(decoding: try JSONEncoder().encode(stored), as: UTF8.self)
    }
}

extension Upload {
    init(row: Row) throws {
        let text: String = try row.value("details")
        let stored = try JSONDecoder().decode(UploadStore.StoredDetails.self, from: Data(text.utf8))
        var details = VideoDetails()
        details.title = stored.title
        details.description = stored.description
        details.category = stored.category
        details.tags = stored.tags
        details.people = stored.people
        details.language = stored.language.flatMap { LanguageTag($0) }
        details.recordedOn = stored.recordedOn.flatMap { CalendarDay($0) }
        details.isPremium = stored.isPremium
        details.isHidden = stored.isHidden
        details.groups = (stored.groups ?? []).compactMap { GroupID($0) }
        details.passwordHash = stored.passwordHash
        let state: String = try row.value("state")
        self.init(
            id: try row.value("id"), owner: try row.value("owner_id"), byteCount: try row.value("byte_count"),
            metadata: try row.value("metadata"), details: details, fileName: stored.fileName,
            state: State(rawValue: state) ?? .receiving, checkedOffset: try row.value("checked_offset"),
            video: try row.value("video_id"), refusal: try row.value("refusal_code"),
            createdAt: try row.value("created_at"), expiresAt: try row.value("expires_at"),
            replaces: try row.value("replaces"))
    }
}
