import Accounts
import FoundationEssentials
import SQL

/// The rows of links.
struct ShareStore: Sendable {
    static let migration = Migration(
        "videos-0050",
        [
            """
            CREATE TABLE video_shares (
                id TEXT PRIMARY KEY,
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                maker_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at BIGINT NOT NULL,
                expires_at BIGINT,
                password_hash TEXT,
                replaces_password BIGINT NOT NULL,
                view_limit BIGINT,
                view_count BIGINT NOT NULL,
                starts_at DOUBLE PRECISION NOT NULL,
                is_embeddable BIGINT NOT NULL
            )
            """,
            "CREATE INDEX video_shares_by_video ON video_shares (video_id, created_at, id)",
            "CREATE INDEX video_shares_by_maker ON video_shares (maker_id)",
        ])

    func find(_ id: ShareID, in access: ReadAccess) throws -> Share? {
        try access.first("SELECT * FROM video_shares WHERE id = $1", id).map(Share.init(row:))
    }

    /// The newest first.
    func list(of video: VideoID, in access: ReadAccess) throws -> [Share] {
        try access.query(
            "SELECT * FROM video_shares WHERE video_id = $1 ORDER BY created_at DESC, id DESC LIMIT \(Share.most)",
            video
        ).map(Share.init(row:))
    }

    func count(of video: VideoID, in access: ReadAccess) throws -> Int {
        try access.first("SELECT COUNT(*) AS count FROM video_shares WHERE video_id = $1", video)?.value("count") ?? 0
    }

    func insert(_ share: Share, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO video_shares (id, video_id, maker_id, created_at, expires_at, password_hash, replaces_password,
                view_limit, view_count, starts_at, is_embeddable)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            share.id, share.video, share.maker, share.createdAt, share.expiresAt, share.passwordHash,
            share.replacesPassword, share.viewLimit, share.viewCount, share.startsAt, share.isEmbeddable)
    }

    func remove(_ id: ShareID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM video_shares WHERE id = $1", id)
    }

    /// Takes one of the views that are left. One statement decides, so that never more than the limit are given, whichever servers ask
    /// at once.
    ///
    /// - Returns: false where none is left.
    func takeView(of id: ShareID, at time: Date, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            """
            UPDATE video_shares SET view_count = view_count + 1
            WHERE id = $1 AND (view_limit IS NULL OR view_count < view_limit) AND (expires_at IS NULL OR expires_at > $2)
            """, id, time) > 0
    }
}

extension Share {
    init(row: Row) throws {
        self.init(
            id: try row.value("id"), video: try row.value("video_id"), maker: try row.value("maker_id"),
            createdAt: try row.value("created_at"), expiresAt: try row.value("expires_at"),
            passwordHash: try row.value("password_hash"), replacesPassword: try row.value("replaces_password"),
            viewLimit: try row.value("view_limit"), viewCount: try row.value("view_count"),
            startsAt: try row.value("starts_at"), isEmbeddable: try row.value("is_embeddable"))
    }
}
