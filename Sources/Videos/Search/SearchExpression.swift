/// What is looked for in the index: words, each of which may be there in several ways.
struct SearchExpression: Sendable, Equatable {
    /// A term of the index, or the beginning of one.
    struct Phrase: Sendable, Hashable {
        /// Letters and digits only, as `FoldedText` leaves them.
        var term: String
        var isPrefix = false
        /// Of a beginning, all words of the index that have it, where they are few: to look for words takes less time than to look for
        /// beginnings, and finds the same.
        var words: [String]?
    }

    /// The ways in which one word can be there.
    typealias Alternatives = [Phrase]

    /// None is empty.
    var words: [Alternatives]
    /// Whether a video must have every word, or one at least.
    var needsAll = true
    /// Where they must be; nil for anywhere.
    var part: SearchDocument.Part?
    /// Words that a video's names must have as well, because of a filter: they leave out soon what the filter leaves out anyway, and count
    /// for nothing. A video whose names were changed for all videos at once is found when it is taken into the index anew.
    var names: [String] = []

    var phrases: [Phrase] { words.flatMap(\.self) }

    /// Whether these terms, which stand for one word, are looked for.
    func matches(_ terms: SearchTerms) -> Bool {
        phrases.contains { phrase in
            terms.all.contains(phrase.term) || (phrase.isPrefix && terms.word.hasPrefix(phrase.term))
        }
    }
}

/// The words that somebody typed.
struct SearchWords: Equatable {
    /// What follows them is not looked at.
    static let most = 8

    private(set) var folded: [String]
    /// Whether the last word may go on: nothing but letters follows it.
    private(set) var mayContinue: Bool
    /// What the last one is looked for with if it may go on.
    var beginning: SearchExpression.Phrase?

    init(_ text: String) {
        let words = FoldedText(text, mostWords: Self.most).words
        let meant = words.filter { !StopWords.contains($0.folded) }
        let used = meant.isEmpty ? words : meant
        folded = used.map(\.folded)
        mayContinue = used.last?.range.upperBound == text.utf16.count
    }

    /// In how many ways a word of the query can be there.
    var alternatives: [SearchExpression.Alternatives] {
        folded.indices.map { index in
            let isPrefix = mayContinue && index == folded.count - 1
            var phrases = SearchTerms(folded[index]).all.map { SearchExpression.Phrase(term: $0) }
            if isPrefix {
                phrases.append(beginning ?? SearchExpression.Phrase(term: folded[index], isPrefix: true))
            }
            return phrases
        }
    }
}
