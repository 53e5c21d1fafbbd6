import SQL

extension Encoder {
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
    ]
}
