import SQL

/// The rows that tell the search what is said in the captions that came with a file. Players have them from the encoder.
struct FilmCaptionStore: Sendable {
    static let migration = Migration(
        "videos-0110",
        [
            """
            CREATE TABLE film_captions (
                video_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
                version_id TEXT NOT NULL,
                name TEXT NOT NULL,
                language TEXT,
                is_forced BIGINT NOT NULL,
                text TEXT NOT NULL,
                PRIMARY KEY (video_id, version_id, name)
            )
            """
        ])

    func list(of version: VersionID, _ id: VideoID, in access: ReadAccess) throws -> [FilmCaptions] {
        try access.query(
            """
            SELECT name, language, is_forced, text FROM film_captions WHERE video_id = $1 AND version_id = $2
            ORDER BY name
            """, id, version
        ).map { row in
            FilmCaptions(
                name: try row.value("name"), language: try row.value("language"),
                isForced: try row.value("is_forced"), text: try row.value("text"))
        }
    }

    func hasAny(of version: VersionID, _ id: VideoID, in access: ReadAccess) throws -> Bool {
        try access.first(
            "SELECT name FROM film_captions WHERE video_id = $1 AND version_id = $2 LIMIT 1", id, version) != nil
    }

    /// In place of those that were there. What is more than the search looks at is left out.
    func replace(
        with captions: [FilmCaptions], of version: VersionID, _ id: VideoID, in transaction: Transaction
    ) throws {
        try remove(version, of: id, in: transaction)
        var byteCount = 0
        for each in captions {
            byteCount += each.text.utf8.count  // bound: as much as was made of one film
            guard byteCount <= SpokenText.mostBytes else { break }
            try transaction.execute(
                """
                INSERT INTO film_captions (video_id, version_id, name, language, is_forced, text)
                VALUES ($1, $2, $3, $4, $5, $6)
                """, id, version, each.name, each.language, each.isForced, each.text)
        }
    }

    func remove(_ version: VersionID, of id: VideoID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM film_captions WHERE video_id = $1 AND version_id = $2", id, version)
    }
}
