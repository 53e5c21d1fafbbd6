import SQL

extension VideoStore {
    /// The tables of this room. `users` is Accounts' table and must be made first.
    public static let migrations: [Migration] = [
        Migration(
            "videos-0001",
            [
                """
                CREATE TABLE videos (
                    id TEXT PRIMARY KEY,
                    owner_id TEXT NOT NULL REFERENCES users (id),
                    title TEXT NOT NULL,
                    description TEXT NOT NULL,
                    category TEXT,
                    is_premium BIGINT NOT NULL,
                    is_hidden BIGINT NOT NULL,
                    password_hash TEXT,
                    checksum TEXT NOT NULL,
                    byte_count BIGINT NOT NULL,
                    file_name TEXT NOT NULL,
                    status TEXT NOT NULL,
                    progress DOUBLE PRECISION NOT NULL,
                    duration DOUBLE PRECISION,
                    width BIGINT,
                    height BIGINT,
                    kind TEXT NOT NULL,
                    has_thumbnail BIGINT NOT NULL DEFAULT 0,
                    renditions TEXT NOT NULL,
                    failure_code TEXT,
                    failure_detail TEXT,
                    warnings TEXT NOT NULL,
                    view_count BIGINT NOT NULL,
                    created_at BIGINT NOT NULL,
                    updated_at BIGINT NOT NULL,
                    ready_at BIGINT,
                    handed_over_from TEXT NOT NULL DEFAULT ''
                )
                """,
                // Of whom the owner got it when that one's account was removed: so it may be a second one of the same bytes.
                "CREATE UNIQUE INDEX videos_by_content ON videos (owner_id, checksum, handed_over_from)",
                "CREATE INDEX videos_by_age ON videos (created_at, id)",
                """
                CREATE TABLE video_tags (
                    video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                    position BIGINT NOT NULL,
                    name TEXT NOT NULL,
                    PRIMARY KEY (video_id, position)
                )
                """,
                "CREATE INDEX video_tags_by_name ON video_tags (name, video_id)",
                """
                CREATE TABLE video_people (
                    video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                    position BIGINT NOT NULL,
                    name TEXT NOT NULL,
                    PRIMARY KEY (video_id, position)
                )
                """,
                "CREATE INDEX video_people_by_name ON video_people (name, video_id)",
                """
                CREATE TABLE uploads (
                    id TEXT PRIMARY KEY,
                    owner_id TEXT NOT NULL REFERENCES users (id),
                    byte_count BIGINT NOT NULL,
                    metadata TEXT NOT NULL,
                    details TEXT NOT NULL,
                    state TEXT NOT NULL,
                    checked_offset BIGINT,
                    video_id TEXT,
                    refusal_code TEXT,
                    is_inspected BIGINT NOT NULL DEFAULT 0,
                    traps BIGINT NOT NULL DEFAULT 0,
                    created_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL
                )
                """,
                "CREATE INDEX uploads_by_expiry ON uploads (expires_at)",
                "CREATE INDEX uploads_by_owner ON uploads (owner_id, state)",
                """
                CREATE TABLE grant_revocations (
                    id TEXT PRIMARY KEY,
                    kind TEXT NOT NULL,
                    mark BIGINT NOT NULL,
                    changed_at BIGINT NOT NULL
                )
                """,
                "CREATE INDEX grant_revocations_by_time ON grant_revocations (changed_at)",
                """
                CREATE TABLE watch_positions (
                    user_id TEXT NOT NULL REFERENCES users (id),
                    video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                    position DOUBLE PRECISION NOT NULL,
                    updated_at BIGINT NOT NULL,
                    PRIMARY KEY (user_id, video_id)
                )
                """,
            ]),
        // The server that has it in hand, which may be one of several.
        Migration(
            "videos-0002",
            [
                "ALTER TABLE uploads ADD COLUMN holder TEXT", "ALTER TABLE uploads ADD COLUMN writer TEXT",
                "ALTER TABLE uploads ADD COLUMN writer_until BIGINT NOT NULL DEFAULT 0",
            ]),
        Migration(
            "videos-0003",
            [
                "ALTER TABLE videos ADD COLUMN language TEXT", "ALTER TABLE videos ADD COLUMN recorded_on TEXT",
                "ALTER TABLE videos ADD COLUMN chapters TEXT NOT NULL DEFAULT '[]'",
            ]),
        Migration(
            "videos-0004",
            [
                """
                CREATE TABLE terms (
                    id TEXT PRIMARY KEY,
                    kind TEXT NOT NULL,
                    name TEXT NOT NULL,
                    role TEXT,
                    is_listed BIGINT NOT NULL,
                    created_at BIGINT NOT NULL
                )
                """,
                "CREATE UNIQUE INDEX terms_by_name ON terms (kind, name)",
                "CREATE INDEX videos_by_category ON videos (category)",
            ]),
        personalMigration,
        // The search, and the orders in which it shows what it finds.
        Migration(
            "videos-0010",
            [
                "CREATE INDEX videos_by_duration ON videos ((COALESCE(duration, -1)), id)",
                "CREATE INDEX videos_by_views ON videos (view_count, id)",
            ], derived: Migration.Derived(sqlite: FullTextTable.tables, postgreSQL: TextVectors.tables)),
        CaptionStore.migration,
        ShareStore.migration,
        FetchStore.migration,
        // What viewers may keep, and the trash, in which the same bytes may lie any number of times.
        Migration(
            "videos-0060",
            [
                "ALTER TABLE videos ADD COLUMN trashed_at BIGINT",
                "ALTER TABLE videos ADD COLUMN downloads TEXT NOT NULL DEFAULT 'none'", "DROP INDEX videos_by_content",
                """
                CREATE UNIQUE INDEX videos_by_content ON videos (owner_id, checksum, handed_over_from)
                WHERE trashed_at IS NULL
                """,
                "CREATE INDEX videos_in_trash ON videos (trashed_at, id) WHERE trashed_at IS NOT NULL",
            ]),
        AccessSessionStore.migration,
        // Lists in the order of their index, however many videos there are.
        Migration(
            "videos-0090",
            ["video_tags", "video_people"].flatMap { table in
                [
                    "ALTER TABLE \(table) ADD COLUMN video_created_at BIGINT NOT NULL DEFAULT 0",
                    """
                    UPDATE \(table) SET video_created_at = \
                    (SELECT created_at FROM videos WHERE videos.id = \(table).video_id)
                    """,
                    "CREATE INDEX \(table)_by_age ON \(table) (name, video_created_at, video_id)",
                ]
            } + [
                "CREATE INDEX videos_by_category_and_age ON videos (category, created_at, id)",
                "CREATE INDEX videos_by_owner_and_age ON videos (owner_id, created_at, id)",
            ], derived: Migration.Derived(sqlite: FullTextTable.additions, postgreSQL: TextVectors.additions)),
        VideoGroupStore.migration,
        FilmCaptionStore.migration,
        FetchStore.reduction,
        Migration(
            "videos-0130", ["CREATE INDEX videos_by_language_and_age ON videos (language, created_at, id)"]),
        Migration(
            "videos-0140", [],
            derived: Migration.Derived(sqlite: FullTextTable.wider, postgreSQL: TextVectors.knownWords)),
        // The cover that somebody chose, and what is shown first.
        Migration(
            "videos-0150",
            [
                "ALTER TABLE videos ADD COLUMN poster TEXT",
                "ALTER TABLE videos ADD COLUMN poster_time DOUBLE PRECISION",
                "ALTER TABLE videos ADD COLUMN is_featured BIGINT NOT NULL DEFAULT 0",
                "CREATE INDEX videos_featured ON videos (created_at, id) WHERE is_featured = 1",
            ]),
        VersionStore.migration,
    ]
}
