import SQL

/// The index in PostgreSQL: a `tsvector` whose labels tell the fields apart, with a GIN index.
///
/// The vector is written out instead of made by `to_tsvector`, whose parser has opinions of its own about what a word is. Nothing here
/// needs an extension, which the role of an ordinary owner of a database may not be allowed to create.
struct TextVectors: SearchIndex {
    static let tables = [
        """
        CREATE TABLE search_documents (
            video_id TEXT PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
            version BIGINT NOT NULL,
            title_key TEXT NOT NULL,
            title_length BIGINT NOT NULL,
            terms TSVECTOR NOT NULL
        )
        """,
        "CREATE INDEX search_documents_by_title ON search_documents (title_key, video_id)",
        "CREATE INDEX search_documents_by_term ON search_documents USING gin (terms)",
        "CREATE TABLE search_words (word TEXT PRIMARY KEY)",
        "CREATE TABLE search_trigrams (trigram TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (trigram, word))",
    ]

    static let additions = [
        "ALTER TABLE search_documents ADD COLUMN facets TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE search_documents ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX search_documents_by_age ON search_documents (created_at, video_id)",
    ]

    /// How often more words are is known (ANALYZE). A word that the planner does not know is taken for one of half a percent of all videos,
    /// and then all of them are gone through from the newest on, where a look into the index would tell that nobody has it.
    static let knownWords = [
        "ALTER TABLE search_documents ALTER COLUMN terms SET STATISTICS 500", "ANALYZE search_documents (terms)",
    ]

    func put(_ document: SearchDocument, in transaction: Transaction) throws {
        try remove(document.id, in: transaction)
        try transaction.execute(
            """
            INSERT INTO search_documents (video_id, version, title_key, title_length, terms, facets, created_at)
            VALUES ($1, $2, $3, $4, $5::TSVECTOR, $6, $7)
            """, document.id, SearchDocument.version, document.titleKey, document.titleLength, Self.vector(document),
            document.facets.text, document.createdAt)
    }

    func remove(_ id: VideoID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM search_documents WHERE video_id = $1", id)
    }

    /// `'heart':1A,3C`: a position for each field, which its label tells (PostgreSQL 8.11.1).
    private static func vector(_ document: SearchDocument) -> String {
        var places: [String: [String]] = [:]
        for field in SearchField.allCases {
            for term in document.terms[field] ?? [] {
                places[term, default: []].append("\(field.rawValue + 1)\(label(field))")
            }
        }
        return places.map { "'\($0)':\($1.joined(separator: ","))" }.joined(separator: " ")
    }

    let source = "search_documents JOIN videos ON videos.id = search_documents.video_id"
    let age = ["search_documents.created_at", "search_documents.video_id"]
    let ageInCategory = ["videos.created_at", "videos.id"]
    let joined = "STRING_AGG"
    /// The planner goes through the newest where a word is in many videos, and by the words where it is in few. It does not know how many
    /// have a word that is rare, and takes the right way in any case only where it is asked for as many.
    let fewestLooked = 500
    /// With an order and a small limit the planner may go through all videos from the newest on, for a word that hardly any has.
    let newestFirstIfCheap = ""

    func require(_ expression: SearchExpression, in conditions: inout SQLConditions) {
        let words = expression.words.map { alternatives in
            "(\(alternatives.map { Self.text($0, in: expression.part) }.joined(separator: " | ")))"
        }
        // Names of filters are not looked for: the planner would take them for independent of the filters themselves.
        let parameter = conditions.bind(words.joined(separator: expression.needsAll ? " & " : " | "))
        conditions.require("search_documents.terms @@ \(parameter)::TSQUERY")
    }

    func score(_ expression: SearchExpression, in conditions: inout SQLConditions) -> String {
        let scores = expression.phrases.map { phrase in
            let cases = SearchField.allCases.map { field in
                let parameter = conditions.bind(Self.text(phrase, label: Self.label(field)))
                return "WHEN search_documents.terms @@ \(parameter)::TSQUERY THEN \(field.weight)"
            }
            return "CASE \(cases.joined(separator: " ")) ELSE 0 END"
        }
        return "(\(scores.joined(separator: " + ")))"
    }

    /// `'heart':*A` (PostgreSQL 8.11.2).
    private static func text(
        _ phrase: SearchExpression.Phrase, in part: SearchDocument.Part? = nil, label: String = ""
    ) -> String {
        // Beginnings cost no more here than several words do.
        let isPrefix = phrase.isPrefix && phrase.words != [phrase.term]
        let marks = (isPrefix ? "*" : "") + label
        return "'\(part?.mark ?? "")\(phrase.term)'\(marks.isEmpty ? "" : ":\(marks)")"
    }

    private static func label(_ field: SearchField) -> String {
        switch field {
        case .title: "A"
        case .names: "B"
        case .description: "C"
        case .spoken: "D"
        }
    }
}
