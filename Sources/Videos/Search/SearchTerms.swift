/// The terms that stand for a word in the index: the word as it is folded, then its stems.
///
/// Nobody says in which language a title or a query is, and many mix two. So a word in Latin letters has an English and a Spanish stem,
/// and one in Cyrillic letters a Russian one. A video that has the very word has more terms of a query than one that has another form
/// of it, and so comes before it.
struct SearchTerms: Equatable {
    /// The first is the folded word; none twice.
    private(set) var all: [String]

    var word: String { all[0] }

    /// - Parameter word: folded.
    init(_ word: String) {
        all = [word]
        for stem in Self.stems(of: word) where !stem.isEmpty && !all.contains(stem) { all.append(stem) }
    }

    private static func stems(of word: String) -> [String] {
        if word.unicodeScalars.allSatisfy({ "a"..."z" ~= $0 }) {
            return [EnglishStemmer.stem(word), SpanishStemmer.stem(word)]
        }
        return word.unicodeScalars.allSatisfy({ "а"..."я" ~= $0 }) ? [RussianStemmer.stem(word)] : []
    }
}
