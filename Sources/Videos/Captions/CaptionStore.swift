import FoundationEssentials
import Media
import SQL

/// The rows of captions and transcripts that people wrote.
struct CaptionStore: Sendable {
    static let migration = Migration(
        "videos-0030",
        [
            """
            CREATE TABLE video_captions (
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                language TEXT NOT NULL,
                label TEXT,
                kind TEXT NOT NULL,
                cue_count BIGINT NOT NULL,
                text TEXT NOT NULL,
                version TEXT NOT NULL,
                updated_at BIGINT NOT NULL,
                PRIMARY KEY (video_id, language)
            )
            """,
            """
            CREATE TABLE video_transcripts (
                video_id TEXT PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
                text TEXT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """,
        ])

    // MARK: Captions

    /// By their languages, without their texts.
    func list(of id: VideoID, in access: ReadAccess) throws -> [Caption] {
        try access.query(
            """
            SELECT language, label, kind, cue_count, updated_at FROM video_captions WHERE video_id = $1 \
            ORDER BY language
            """, id
        ).compactMap(Caption.init(row:))
    }

    func text(of id: VideoID, _ language: LanguageTag, in access: ReadAccess) throws -> CaptionText? {
        try access.first(
            "SELECT text, version FROM video_captions WHERE video_id = $1 AND language = $2", id, language.text
        ).map { CaptionText(text: try $0.value("text"), version: try $0.value("version")) }
    }

    /// - Returns: whether there were none in this language.
    func put(_ caption: Caption, _ text: CaptionText, of id: VideoID, in transaction: Transaction) throws -> Bool {
        let wasThere = try remove(caption.language, of: id, in: transaction)
        try transaction.execute(
            """
            INSERT INTO video_captions (video_id, language, label, kind, cue_count, text, version, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            id, caption.language.text, caption.label, caption.kind.rawValue, caption.cueCount, text.text, text.version,
            caption.updatedAt)
        return !wasThere
    }

    func remove(_ language: LanguageTag, of id: VideoID, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "DELETE FROM video_captions WHERE video_id = $1 AND language = $2", id, language.text) > 0
    }

    // MARK: Transcripts

    /// The one that a person wrote.
    func transcript(of id: VideoID, in access: ReadAccess) throws -> (text: String, updatedAt: Date)? {
        try access.first("SELECT text, updated_at FROM video_transcripts WHERE video_id = $1", id)
            .map { (try $0.value("text"), try $0.value("updated_at")) }
    }

    func putTranscript(_ text: String, of id: VideoID, at time: Date, in transaction: Transaction) throws {
        try removeTranscript(of: id, in: transaction)
        try transaction.execute(
            "INSERT INTO video_transcripts (video_id, text, updated_at) VALUES ($1, $2, $3)", id, text, time)
    }

    @discardableResult
    func removeTranscript(of id: VideoID, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM video_transcripts WHERE video_id = $1", id) > 0
    }
}

extension Caption {
    /// Nil for what no server of this kind wrote.
    fileprivate init?(row: Row) throws {
        let (tag, kind): (String, String) = (try row.value("language"), try row.value("kind"))
        guard let language = LanguageTag(tag), let kind = Kind(rawValue: kind) else { return nil }
        self.init(
            language: language, label: try row.value("label"), kind: kind, cueCount: try row.value("cue_count"),
            updatedAt: try row.value("updated_at"))
    }
}
