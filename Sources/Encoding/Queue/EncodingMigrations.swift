import SQL

extension EncodingQueue {
    public static let migrations: MigrationSet = [
        Migration(
            "encoding-0001",
            [
                """
                CREATE TABLE encodings (
                    video_id TEXT PRIMARY KEY,
                    state TEXT NOT NULL,
                    facts TEXT NOT NULL,
                    plan TEXT,
                    needs_mezzanine BIGINT NOT NULL DEFAULT 0,
                    mezzanine TEXT,
                    duration DOUBLE PRECISION,
                    warnings TEXT NOT NULL,
                    has_thumbnail BIGINT NOT NULL DEFAULT 0,
                    captions TEXT,
                    created_at BIGINT NOT NULL,
                    ready_at BIGINT,
                    served_at BIGINT NOT NULL,
                    error_code TEXT,
                    error_detail TEXT
                )
                """,
                """
                CREATE TABLE encoding_renditions (
                    video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                    name TEXT NOT NULL,
                    position BIGINT NOT NULL,
                    is_video BIGINT NOT NULL,
                    width BIGINT NOT NULL,
                    height BIGINT NOT NULL,
                    codecs TEXT NOT NULL,
                    encryption_key BYTEA,
                    expected_peak BIGINT NOT NULL,
                    expected_average BIGINT NOT NULL,
                    segment_count BIGINT NOT NULL,
                    made BYTEA,
                    made_count BIGINT NOT NULL DEFAULT 0,
                    has_start BIGINT NOT NULL DEFAULT 0,
                    made_bytes BIGINT NOT NULL DEFAULT 0,
                    made_microseconds BIGINT NOT NULL DEFAULT 0,
                    peak BIGINT NOT NULL DEFAULT 0,
                    is_failed BIGINT NOT NULL DEFAULT 0,
                    is_copied BIGINT NOT NULL DEFAULT 0,
                    PRIMARY KEY (video_id, name)
                )
                """,
                """
                CREATE TABLE encoding_tasks (
                    id TEXT PRIMARY KEY,
                    video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                    kind TEXT NOT NULL,
                    chunk BIGINT NOT NULL,
                    priority BIGINT NOT NULL,
                    attempts BIGINT NOT NULL DEFAULT 0,
                    not_before BIGINT NOT NULL DEFAULT 0,
                    is_poison BIGINT NOT NULL DEFAULT 0,
                    traps BIGINT NOT NULL DEFAULT 0,
                    lease_owner TEXT,
                    lease_until BIGINT,
                    last_words TEXT,
                    UNIQUE (video_id, kind, chunk)
                )
                """,
                """
                CREATE TABLE encoding_seams (
                    video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                    chunk BIGINT NOT NULL,
                    first TEXT,
                    next TEXT,
                    PRIMARY KEY (video_id, chunk)
                )
                """,
                "CREATE INDEX encoding_tasks_by_priority ON encoding_tasks (is_poison, priority, chunk)",
            ]),
        // How many bytes of each segment show its first picture: nothing is known of those that were made before.
        Migration("encoding-0002", ["ALTER TABLE encoding_renditions ADD COLUMN keyframes BYTEA"]),
        // Which segments others stand in for.
        Migration("encoding-0003", ["ALTER TABLE encoding_renditions ADD COLUMN mended BYTEA"]),
        // One for each time that a task is taken. Who held one without is not there any more.
        Migration("encoding-0004", ["ALTER TABLE encoding_tasks ADD COLUMN lease_token TEXT"]),
        // Whose turn it is among the videos that have tasks of one priority, so that the next task is found without a look at
        // all others; and how many lines the source has.
        Migration(
            "encoding-0005",
            [
                """
                CREATE TABLE encoding_turns (
                    video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                    priority BIGINT NOT NULL,
                    served_at BIGINT NOT NULL,
                    PRIMARY KEY (video_id, priority)
                )
                """,
                """
                INSERT INTO encoding_turns (video_id, priority, served_at)
                SELECT DISTINCT t.video_id, t.priority, e.served_at FROM encoding_tasks t JOIN encodings e ON e.video_id = t.video_id
                """,
                "ALTER TABLE encodings DROP COLUMN served_at",
                "ALTER TABLE encodings ADD COLUMN lines BIGINT NOT NULL DEFAULT 0",
                "CREATE INDEX encoding_turns_in_order ON encoding_turns (priority, served_at, video_id)",
                "DROP INDEX encoding_tasks_by_priority",
                "CREATE INDEX encoding_tasks_of_turn ON encoding_tasks (video_id, priority, chunk)",
                "CREATE INDEX encoding_tasks_not_before ON encoding_tasks (not_before)",
                "CREATE INDEX encoding_tasks_lease_until ON encoding_tasks (lease_until)",
            ]),
        // Of several servers: what viewers wait for, and who works.
        Migration(
            "encoding-0006",
            [
                """
                CREATE TABLE encoding_demands (
                    id TEXT PRIMARY KEY,
                    owner TEXT NOT NULL,
                    viewer BIGINT NOT NULL,
                    video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                    kind TEXT NOT NULL,
                    chunk BIGINT NOT NULL,
                    rendition TEXT NOT NULL,
                    segment BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    made_until BIGINT NOT NULL DEFAULT 0
                )
                """,
                "CREATE INDEX encoding_demands_of_segment ON encoding_demands (video_id, segment)",
                """
                CREATE TABLE encoding_workers (
                    owner TEXT PRIMARY KEY,
                    host TEXT NOT NULL,
                    process BIGINT NOT NULL,
                    version TEXT NOT NULL,
                    places BIGINT NOT NULL,
                    kinds TEXT,
                    max_lines BIGINT,
                    is_draining BIGINT NOT NULL,
                    done_count BIGINT NOT NULL,
                    started_at BIGINT NOT NULL,
                    seen_at BIGINT NOT NULL
                )
                """,
            ]),
        EncodingStore.sumMigration,
        PictureStore.migration,
    ]
}
