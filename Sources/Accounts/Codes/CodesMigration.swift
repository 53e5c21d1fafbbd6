import SQL

extension Migration {
    static let codes = Migration(
        "accounts-0002-codes",
        [
            """
            CREATE TABLE one_time_codes (
                user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                sealed_secret BYTEA NOT NULL,
                last_step BIGINT NOT NULL,
                confirmed_at BIGINT
            )
            """,
            """
            CREATE TABLE recovery_codes (
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                code_hash BYTEA NOT NULL,
                used_at BIGINT,
                PRIMARY KEY (user_id, code_hash)
            )
            """,
            // What their owner may not choose again.
            """
            CREATE TABLE former_passwords (
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                password_hash TEXT NOT NULL,
                replaced_at BIGINT NOT NULL,
                PRIMARY KEY (user_id, password_hash)
            )
            """,
        ])
}
