import SQL

extension VideoStore {
    /// What people keep for themselves. All of it goes with its person and with its video.
    static let personalMigration = Migration(
        "videos-0020",
        [
            """
            CREATE TABLE favorites (
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                added_at BIGINT NOT NULL,
                added_month TEXT NOT NULL,
                PRIMARY KEY (user_id, video_id)
            )
            """,
            "CREATE INDEX favorites_by_age ON favorites (user_id, added_at, video_id)",
            "CREATE INDEX favorites_by_video ON favorites (video_id)",
            """
            CREATE TABLE watch_lists (
                id TEXT PRIMARY KEY,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                updated_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX watch_lists_by_person ON watch_lists (user_id, created_at, id)",
            """
            CREATE TABLE watch_list_videos (
                list_id TEXT NOT NULL REFERENCES watch_lists (id) ON DELETE CASCADE,
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                position BIGINT NOT NULL,
                PRIMARY KEY (list_id, video_id)
            )
            """,
            "CREATE INDEX watch_list_videos_by_position ON watch_list_videos (list_id, position)",
            "CREATE INDEX watch_list_videos_by_video ON watch_list_videos (video_id)",
            // When it was watched to its end, or said to be.
            "ALTER TABLE watch_positions ADD COLUMN watched_at BIGINT",
            "ALTER TABLE watch_positions ADD COLUMN watched_month TEXT",
            "CREATE INDEX watch_positions_by_age ON watch_positions (user_id, updated_at, video_id)",
            "CREATE INDEX watch_positions_by_video ON watch_positions (video_id)",
            """
            CREATE TABLE watch_seconds (
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                month TEXT NOT NULL,
                seconds DOUBLE PRECISION NOT NULL,
                PRIMARY KEY (user_id, video_id, month)
            )
            """,
            "CREATE INDEX watch_seconds_by_video ON watch_seconds (video_id)",
            // One row for each person and video decides whether a view was counted.
            """
            CREATE TABLE video_views (
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                seconds DOUBLE PRECISION NOT NULL,
                began_at BIGINT NOT NULL,
                counted_at BIGINT,
                PRIMARY KEY (video_id, user_id)
            )
            """,
            "CREATE INDEX video_views_by_person ON video_views (user_id)",
            "CREATE INDEX video_views_by_age ON video_views (began_at)",
        ])
}
