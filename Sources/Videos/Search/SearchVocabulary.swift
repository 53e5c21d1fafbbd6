import SQL

/// The words that are in the index, for those who mistype one. Both databases find candidates by the same table of trigrams.
///
/// The words of all videos are here, also of those that few may see. So no answer holds a word of it: a candidate counts only where it
/// is found in a video that the viewer may see.
struct SearchVocabulary {
    /// Shorter words are too much like too many others.
    static let shortest = 4
    /// Words with as many letters in common that are compared letter by letter.
    private static let mostCandidates = 200
    private static let mostEndings = 16
    /// Rows that go into one statement.
    private static let pieceSize = 40

    // MARK: Writing

    func add(_ words: [String], in transaction: Transaction) throws {
        for piece in pieces(of: words.filter { $0.unicodeScalars.count >= Self.shortest }) {
            let parameters = piece.indices.map { "($\($0 + 1))" }.joined(separator: ", ")
            let new = try transaction.query(
                "INSERT INTO search_words (word) VALUES \(parameters) ON CONFLICT DO NOTHING RETURNING word",
                arguments: piece
            ).map { try $0.value("word", as: String.self) }
            try addTrigrams(of: new, in: transaction)
        }
    }

    private func addTrigrams(of words: [String], in transaction: Transaction) throws {
        let pairs = words.flatMap { word in Self.trigrams(of: word).map { [$0, word] } }
        for piece in pieces(of: pairs) {
            let parameters = piece.indices.map { "($\(2 * $0 + 1), $\(2 * $0 + 2))" }.joined(separator: ", ")
            try transaction.execute(
                "INSERT INTO search_trigrams (trigram, word) VALUES \(parameters) ON CONFLICT DO NOTHING",
                arguments: piece.flatMap(\.self))
        }
    }

    /// Pieces of one size, so that the database knows the statement: the last is filled up with what it has already.
    private func pieces<T>(of values: [T]) -> [[T]] {
        stride(from: 0, to: values.count, by: Self.pieceSize).map { start in
            var piece = Array(values[start..<min(values.count, start + Self.pieceSize)])
            while piece.count < Self.pieceSize, let last = piece.last { piece.append(last) }  // bound: pieceSize
            return piece
        }
    }

    /// Words after one word in the order of the vocabulary, for going through all of it.
    func words(after word: String, limit: Int, in access: ReadAccess) throws -> [String] {
        try access.query("SELECT word FROM search_words WHERE word > $1 ORDER BY word LIMIT \(limit)", word).map {
            try $0.value("word")
        }
    }

    func remove(_ word: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM search_words WHERE word = $1", word)
        for trigram in Self.trigrams(of: word) {
            try transaction.execute("DELETE FROM search_trigrams WHERE trigram = $1 AND word = $2", trigram, word)
        }
    }

    // MARK: Reading

    /// What a word is looked for with that may go on.
    func beginning(_ word: String, in access: ReadAccess) throws -> SearchExpression.Phrase {
        let words = try endings(of: word, in: access).map { [word] + $0 }
        return SearchExpression.Phrase(term: word, isPrefix: true, words: words)
    }

    /// The longer words that begin with this one; nil where they are more than are worth being looked for one by one.
    private func endings(of word: String, in access: ReadAccess) throws -> [String]? {
        // All that are longer are known.
        guard word.unicodeScalars.count >= Self.shortest - 1 else { return nil }
        let next = try words(after: word, limit: Self.mostEndings + 1, in: access)
        let endings = next.prefix { $0.utf8.starts(with: word.utf8) }
        return endings.count > Self.mostEndings ? nil : Array(endings)
    }

    /// Words that may have been meant, by how many letters they differ; the word itself is none of them.
    func alternatives(to word: String, in access: ReadAccess) throws -> [(word: String, distance: Int)] {
        let length = word.unicodeScalars.count
        guard length >= Self.shortest else { return [] }
        let limit = Self.mostMistakes(in: length)
        let trigrams = Self.trigrams(of: word)
        let parameters = trigrams.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let rows = try access.query(
            """
            SELECT word FROM search_trigrams WHERE trigram IN (\(parameters))
                AND LENGTH(word) BETWEEN \(length - limit) AND \(length + limit)
            GROUP BY word ORDER BY COUNT(*) DESC, word LIMIT \(Self.mostCandidates)
            """, arguments: trigrams)
        let letters = Array(word.unicodeScalars)
        return try rows.compactMap { row in
            let candidate: String = try row.value("word")
            let distance = EditDistance.between(letters, Array(candidate.unicodeScalars))
            return distance > 0 && distance <= limit ? (candidate, distance) : nil
        }.sorted { ($0.distance, $0.word) < ($1.distance, $1.word) }
    }

    /// In a word of so many letters that it is still the same word.
    private static func mostMistakes(in length: Int) -> Int { length < 7 ? 1 : 2 }

    /// Three letters each, with two spaces before the word and one behind it, so that beginnings count for more.
    static func trigrams(of word: String) -> [String] {
        let letters = [" ", " "] + Array(word.unicodeScalars) + [" "]
        let all = (0..<(letters.count - 2)).map { start in
            var scalars = String.UnicodeScalarView()
            scalars.append(contentsOf: letters[start..<(start + 3)])
            return String(scalars)
        }
        return Set(all).sorted()
    }
}

/// How many mistakes make one word of another: a letter too many, too few, another one, or two that have changed places.
enum EditDistance {
    static func between(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
        var (beforeLast, last) = ([Int](), Array(0...other.count))
        for row in 0..<one.count {
            var current = [row + 1]
            for column in 0..<other.count {
                var best = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (one[row] == other[column] ? 0 : 1))
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)  // bound: letters of a word
            }
            (beforeLast, last) = (last, current)
        }
        return last[other.count]
    }
}
