import SQL

extension AccountServices {
    public static let migrations: MigrationSet = [
        Migration(
            "accounts-0001",
            [
                """
                CREATE TABLE users (
                    id TEXT PRIMARY KEY,
                    email TEXT NOT NULL UNIQUE,
                    name TEXT NOT NULL,
                    role TEXT NOT NULL CHECK (role IN ('user', 'premium', 'creator', 'admin')),
                    locale TEXT,
                    is_disabled BIGINT NOT NULL,
                    created_at BIGINT NOT NULL,
                    password_hash TEXT,
                    password_changed_at BIGINT NOT NULL,
                    is_otp_enabled BIGINT NOT NULL,
                    email_verified_at BIGINT,
                    last_sign_in_at BIGINT,
                    search_text TEXT NOT NULL DEFAULT ''
                )
                """,
                // A session is one sign-in: a browser's cookie and a family of refresh tokens end together.
                """
                CREATE TABLE sessions (
                    id TEXT PRIMARY KEY,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    token_hash BYTEA NOT NULL UNIQUE,
                    created_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL,
                    needs_new_cookie BIGINT NOT NULL DEFAULT 0,
                    address TEXT NOT NULL,
                    device TEXT NOT NULL,
                    method TEXT NOT NULL,
                    last_used_at BIGINT NOT NULL,
                    last_address TEXT NOT NULL
                )
                """,
                "CREATE INDEX sessions_by_user ON sessions (user_id)",
                "CREATE INDEX sessions_by_end ON sessions (expires_at)",
                """
                CREATE TABLE refresh_tokens (
                    token_hash BYTEA PRIMARY KEY,
                    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
                    created_at BIGINT NOT NULL,
                    used_at BIGINT
                )
                """,
                "CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id)",
                // By keyed hashes of the address, whether an account has it or not, so that both are treated alike, and of
                // where the attempts came from.
                """
                CREATE TABLE sign_in_attempts (
                    account_hash BYTEA NOT NULL,
                    source_hash BYTEA NOT NULL,
                    user_id TEXT,
                    failures BIGINT NOT NULL,
                    last_at BIGINT NOT NULL,
                    locked_until BIGINT,
                    PRIMARY KEY (account_hash, source_hash)
                )
                """,
                "CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (last_at)",
                "CREATE INDEX sign_in_attempts_by_user ON sign_in_attempts (user_id)",
            ]),
        GroupStore.migration,
        TokenKeyStore.migration,
        IdentityStore.migration,
        .codes,
        RegistrationMigrations.registration,
        AuditStore.migration,
        APITokenStore.migration,
    ]
}
