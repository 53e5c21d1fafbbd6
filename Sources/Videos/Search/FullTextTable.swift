import SQL

/// The index in SQLite: a table of FTS5 with a column for each field, whose texts are the terms with spaces between them.
struct FullTextTable: SearchIndex {
    /// Terms come analysed, so the tokenizer has nothing to do but to cut at spaces: `ascii` takes everything else for letters.
    static let tables = [
        """
        CREATE TABLE search_documents (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            video_id TEXT NOT NULL UNIQUE REFERENCES videos (id) ON DELETE CASCADE,
            version BIGINT NOT NULL,
            title_key TEXT NOT NULL,
            title_length BIGINT NOT NULL
        )
        """,
        "CREATE INDEX search_documents_by_title ON search_documents (title_key, video_id)",
        """
        CREATE VIRTUAL TABLE search_terms USING fts5 \
        (title, names, description, spoken, tokenize = 'ascii', detail = 'column', prefix = '1 2 3')
        """,
        "CREATE TABLE search_words (word TEXT PRIMARY KEY) WITHOUT ROWID",
        """
        CREATE TABLE search_trigrams (trigram TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (trigram, word)) \
        WITHOUT ROWID
        """,
    ]

    func put(_ document: SearchDocument, in transaction: Transaction) throws {
        // A video keeps its number, so that numbers follow the order of uploads whatever is changed later.
        let row = try transaction.query(
            """
            INSERT INTO search_documents (video_id, version, title_key, title_length) VALUES ($1, $2, $3, $4)
            ON CONFLICT (video_id) DO UPDATE SET version = $2, title_key = $3, title_length = $4 RETURNING number
            """, document.id, SearchDocument.version, document.titleKey, document.titleLength
        ).first
        let number: Int64 = try row?.value("number") ?? 0
        try transaction.execute("DELETE FROM search_terms WHERE rowid = $1", number)
        let texts = SearchField.allCases.map { (document.terms[$0] ?? []).joined(separator: " ") }
        try transaction.execute(
            """
            INSERT INTO search_terms (rowid, title, names, description, spoken) VALUES ($1, $2, $3, $4, $5)
            """, arguments: [number] + texts)
    }

    func remove(_ id: VideoID, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM search_terms WHERE rowid IN (SELECT number FROM search_documents WHERE video_id = $1)", id)
        try transaction.execute("DELETE FROM search_documents WHERE video_id = $1", id)
    }

    /// A cross join is done in the order in which it is written (sqlite.org/optoverview.html, 7.2): the words are the narrowest.
    let source = """
        search_terms CROSS JOIN search_documents ON search_documents.number = search_terms.rowid \
        CROSS JOIN videos ON videos.id = search_documents.video_id
        """
    let newestFirst = "ORDER BY search_terms.rowid DESC"
    let newestFirstIfCheap = "ORDER BY search_terms.rowid DESC"

    func require(_ expression: SearchExpression, in conditions: inout SQLConditions) {
        let words = expression.words.map { alternatives in
            "(\(alternatives.map(Self.text).joined(separator: " OR ")))"
        }
        var text = words.joined(separator: expression.needsAll ? " AND " : " OR ")
        if let field = expression.field { text = "\(Self.column(field)) : (\(text))" }
        let parameter = conditions.bind(text)
        conditions.require("search_terms MATCH \(parameter)")
    }

    func score(_ expression: SearchExpression, in conditions: inout SQLConditions) -> String {
        "column_score(search_terms, \(SearchField.allCases.map { "\($0.weight)" }.joined(separator: ", ")))"
    }

    private static func text(_ phrase: SearchExpression.Phrase) -> String {
        "\"\(phrase.term)\"\(phrase.isPrefix ? " *" : "")"
    }

    private static func column(_ field: SearchField) -> String {
        switch field {
        case .title: "title"
        case .names: "names"
        case .description: "description"
        case .spoken: "spoken"
        }
    }
}
