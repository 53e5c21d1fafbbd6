/// A trigger of a migration that refuses changes of some rows, in the words of SQLite, as PostgreSQL has it:
/// `CREATE TRIGGER name BEFORE DELETE ON table WHEN (condition) BEGIN SELECT RAISE(ABORT, 'why'); END`.
extension PostgreSQLConnection {
    struct Refusal {
        let statements: [String]

        /// Nil for another statement.
        init?(_ sql: String) {
            let sql = sql.replacing("\n", with: " ")
            let form =
                #/
                    \s*CREATE\ TRIGGER\ (\w+)\ BEFORE\ (UPDATE|DELETE)\ ON\ (\w+)(\ WHEN\ \(.*\))?
                    \ BEGIN\ SELECT\ RAISE\(ABORT,\ '([^']*)'\);\ END\s*
                /#
            guard let match = sql.wholeMatch(of: form) else { return nil }
            let (name, change, table, reason) = (match.1, match.2, match.3, match.5)
            // The time of day, which in a trigger is the moment's and not the transaction's.
            let condition = (match.4 ?? "").replacing(
                "unixepoch()", with: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)")
            statements = [
                """
                CREATE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql AS \
                $$BEGIN RAISE EXCEPTION '\(reason)' USING ERRCODE = 'integrity_constraint_violation'; END$$
                """,
                "CREATE TRIGGER \(name) BEFORE \(change) ON \(table) FOR EACH ROW\(condition) EXECUTE FUNCTION \(name)()",
            ]
        }
    }
}
