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
        let number = try number(for: document, in: transaction)
        try transaction.execute(
            """
            INSERT INTO search_documents (number, video_id, version, title_key, title_length, facets)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (video_id) DO UPDATE
            SET version = $3, title_key = $4, title_length = $5, facets = $6
            """, number, document.id, SearchDocument.version, document.titleKey, document.titleLength,
            document.facets.text)
        let texts = SearchField.allCases.map { (document.terms[$0] ?? []).joined(separator: " ") }
        try transaction.execute(
            """
            INSERT INTO search_terms (rowid, title, names, description, spoken) VALUES ($1, $2, $3, $4, $5)
            """, arguments: [number] + texts)
    }

    /// The millisecond in which the video was made, or the first after it that no other has: so the order of numbers, in which the table
    /// of words goes without sorting, is the order of uploads. The terms that the video had are gone afterwards.
    private func number(for document: SearchDocument, in transaction: Transaction) throws -> Int64 {
        let wanted = Int64((document.createdAt.timeIntervalSince1970 * 1000).rounded(.down))
        let row = try transaction.first("SELECT number FROM search_documents WHERE video_id = $1", document.id)
        if let kept: Int64 = try row?.value("number") {
            if kept >= wanted, kept - wanted < Self.mostAtOnce {
                try transaction.execute("DELETE FROM search_terms WHERE rowid = $1", kept)
                return kept
            }
            try remove(document.id, in: transaction)
        }
        var number = wanted
        while let taken = try transaction.first(
            """
            SELECT number FROM search_documents WHERE number >= $1 AND number < $2 ORDER BY number DESC LIMIT 1
            """, number, number + Self.piece)
        { number = try taken.value("number") + 1 }
        return number
    }

    /// Numbers that are looked at together.
    private static let piece: Int64 = 1000
    /// A video whose number is farther from its time than that has one of before numbers were times.
    private static let mostAtOnce: Int64 = 1_000_000

    func remove(_ id: VideoID, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM search_terms WHERE rowid IN (SELECT number FROM search_documents WHERE video_id = $1)", id)
        try transaction.execute("DELETE FROM search_documents WHERE video_id = $1", id)
    }

    /// A mark and the beginning of a name have four letters, as soon as there is something to suggest. Rows keep their numbers.
    static let wider = [
        """
        CREATE VIRTUAL TABLE wider_search_terms USING fts5 \
        (title, names, description, spoken, tokenize = 'ascii', detail = 'column', prefix = '1 2 3 4')
        """,
        """
        INSERT INTO wider_search_terms (rowid, title, names, description, spoken)
        SELECT rowid, title, names, description, spoken FROM search_terms ORDER BY rowid
        """,
        "DROP TABLE search_terms", "ALTER TABLE wider_search_terms RENAME TO search_terms",
    ]

    static let additions = ["ALTER TABLE search_documents ADD COLUMN facets TEXT NOT NULL DEFAULT ''"]

    /// A cross join is done in the order in which it is written (sqlite.org/optoverview.html, 7.2): the words are the narrowest.
    let source = """
        search_terms CROSS JOIN search_documents ON search_documents.number = search_terms.rowid \
        CROSS JOIN videos ON videos.id = search_documents.video_id
        """
    let age = ["search_terms.rowid"]
    let ageInCategory = ["search_terms.rowid"]
    let newestFirstIfCheap = "ORDER BY search_terms.rowid DESC"
    let fewestLooked = 1
    let joined = "GROUP_CONCAT"

    func require(_ expression: SearchExpression, in conditions: inout SQLConditions) {
        let words = expression.words.map { alternatives in
            "(\(alternatives.map { Self.text($0, expression.part) }.joined(separator: " OR ")))"
        }
        let text = "(\(words.joined(separator: expression.needsAll ? " AND " : " OR ")))"
        let names = expression.names.map { Self.text(SearchExpression.Phrase(term: $0), .names) }
        let parameter = conditions.bind((names + [text]).joined(separator: " AND "))
        conditions.require("search_terms MATCH \(parameter)")
    }

    func score(_ expression: SearchExpression, in conditions: inout SQLConditions) -> String {
        // The words that stand for a beginning count as that one does. They are those of the last word, and come last.
        let first = expression.names.count
        let together = first + expression.phrases.prefix { $0.words == nil }.count
        let numbers = SearchField.allCases.map { "\($0.weight)" } + ["\(first)", "\(together)"]
        return "column_score(search_terms, \(numbers.joined(separator: ", ")))"
    }

    private static func text(_ phrase: SearchExpression.Phrase, _ part: SearchDocument.Part?) -> String {
        let mark = part?.mark ?? ""
        if let words = phrase.words { return words.map { "\"\(mark)\($0)\"" }.joined(separator: " OR ") }
        return "\"\(mark)\(phrase.term)\"\(phrase.isPrefix ? " *" : "")"
    }
}
