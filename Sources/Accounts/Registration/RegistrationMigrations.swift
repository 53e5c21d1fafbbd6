import SQL

enum RegistrationMigrations {
    static let registration = Migration(
        "accounts-0002-registration",
        [
            """
            CREATE TABLE invitations (
                id TEXT PRIMARY KEY,
                token_hash BYTEA NOT NULL UNIQUE,
                email TEXT,
                role TEXT NOT NULL CHECK (role IN ('user', 'premium', 'creator', 'admin')),
                locale TEXT,
                created_by TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL,
                was_mailed BIGINT NOT NULL
            )
            """,
            "CREATE INDEX invitations_by_end ON invitations (expires_at)",
            // Several may wait for one address. None is an account before its address is verified, so none can be signed in to,
            // linked or reset.
            """
            CREATE TABLE registrations (
                id TEXT PRIMARY KEY,
                token_hash BYTEA NOT NULL UNIQUE,
                email TEXT NOT NULL,
                name TEXT NOT NULL,
                locale TEXT,
                password_hash TEXT NOT NULL,
                invitation_id TEXT REFERENCES invitations (id) ON DELETE CASCADE,
                was_mailed BIGINT NOT NULL,
                attempts BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX registrations_by_email ON registrations (email)",
            "CREATE INDEX registrations_by_end ON registrations (expires_at)",
            "CREATE INDEX registrations_by_invitation ON registrations (invitation_id)",
            // Without a user where nobody has the address that was typed, so that both take the same work.
            """
            CREATE TABLE password_resets (
                token_hash BYTEA PRIMARY KEY,
                user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
                was_mailed BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX password_resets_by_user ON password_resets (user_id)",
            "CREATE INDEX password_resets_by_end ON password_resets (expires_at)",
        ])
}
