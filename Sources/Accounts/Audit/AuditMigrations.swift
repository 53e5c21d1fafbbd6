import SQL

extension AuditStore {
    /// Entries are only added. What the program has no statement for, the database refuses as well: changing an entry, and removing
    /// a young one by whatever mistake. They refer to no other table: they stay when what they tell of is gone.
    static let migration =
        Migration(
            "accounts-0002-audit",
            [
                """
                CREATE TABLE audit (
                    id TEXT PRIMARY KEY,
                    at BIGINT NOT NULL,
                    action TEXT NOT NULL,
                    outcome TEXT NOT NULL,
                    actor_kind TEXT NOT NULL,
                    actor_id TEXT,
                    actor_name TEXT,
                    token_id TEXT,
                    target_kind TEXT,
                    target_id TEXT,
                    target_name TEXT,
                    address TEXT,
                    before_json TEXT,
                    after_json TEXT
                )
                """,
                "CREATE INDEX audit_by_time ON audit (at, id)",
                "CREATE INDEX audit_by_action ON audit (action, at, id)",
                "CREATE INDEX audit_by_actor ON audit (actor_id, at, id)",
                "CREATE INDEX audit_by_target ON audit (target_id, at, id)",
                """
                CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
                BEGIN SELECT RAISE(ABORT, 'an entry of the audit is never changed'); END
                """,
                """
                CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
                WHEN (old.at > (unixepoch() - 30 * 86400) * 1000000)
                BEGIN SELECT RAISE(ABORT, 'an entry of the audit is kept for 30 days at least'); END
                """,
            ])
}
