import SQL

/// Makes of the words that somebody typed what is looked for in the index.
///
/// A word that is in no video that the viewer may see is taken for mistyped. Where no video has all words, those are found that have
/// any of them. What the viewer may not see has no influence on either.
struct InterpretQuery {
    /// Of the words that may have been meant so many are looked for.
    private static let mostAlternatives = 24

    let viewer: Viewer
    let access: ReadAccess
    private let vocabulary = SearchVocabulary()

    init(for viewer: Viewer, in access: ReadAccess) { (self.viewer, self.access) = (viewer, access) }

    /// Nil where nothing can be found.
    func callAsFunction(_ words: SearchWords) throws -> SearchExpression? {
        let literal = SearchExpression(words: words.alternatives)
        guard !literal.words.isEmpty else { return nil }
        if try isFound(literal) { return literal }
        let mended = try zip(words.folded, literal.words).compactMap { word, alternatives in
            if words.folded.count > 1, try isFound(SearchExpression(words: [alternatives])) { return alternatives }
            return try meant(by: word)
        }
        guard !mended.isEmpty else { return nil }
        var expression = SearchExpression(words: mended)
        if mended.count == literal.words.count, try isFound(expression) { return expression }
        expression.needsAll = false
        return expression
    }

    private func isFound(_ expression: SearchExpression) throws -> Bool {
        try access.searchIndex.hasMatch(expression, for: viewer, in: access)
    }

    /// The words with the fewest mistakes that are there, as alternatives of one word.
    private func meant(by word: String) throws -> SearchExpression.Alternatives? {
        var (found, distance): (SearchExpression.Alternatives, Int?) = ([], nil)
        for candidate in try vocabulary.alternatives(to: word, in: access).prefix(Self.mostAlternatives) {
            if let distance, candidate.distance > distance { break }
            let phrases = SearchTerms(candidate.word).all.map { SearchExpression.Phrase(term: $0) }
            guard try isFound(SearchExpression(words: [phrases])) else { continue }
            distance = candidate.distance
            found += phrases.filter { !found.contains($0) }
        }
        return found.isEmpty ? nil : found
    }
}
