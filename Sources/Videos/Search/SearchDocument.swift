import FoundationEssentials
import Web

/// What a full-text index knows of a video: the terms of each of its fields, each once.
struct SearchDocument {
    /// Counts changes of the analysis, after which everything is indexed again.
    static let version = 4
    /// Of a field so many words are indexed. A talk of ten hours has about 80,000, of which most come again.
    static let mostWords = 100_000
    /// All terms of a video have so many bytes at most, the better fields first: PostgreSQL's vectors end at a megabyte, with what it
    /// notes for each term.
    static let mostBytes = 600_000
    private static let noteBytes = 16

    let id: VideoID
    let createdAt: Date
    let facets: Facets
    /// What titles are sorted by.
    let titleKey: String
    /// Words of the title.
    let titleLength: Int
    private(set) var terms: [SearchField: [String]] = [:]
    /// Folded words of all fields, each once, in order: where somebody mistypes, one of them may be meant.
    private(set) var vocabulary: [String] = []

    /// - Parameter spoken: what is said in the video: its transcript, its captions. It is left out where the video has a password, because
    ///   it is as good as the video itself, and a search would tell it word by word to those who have not given the password.
    init(_ video: Video, spoken: [String]) {
        let spoken = video.passwordHash == nil ? spoken : []
        id = video.id
        createdAt = video.createdAt
        facets = Facets(
            category: video.category, tags: video.tags, people: video.people, language: video.language?.text)
        let title = FoldedText(video.title).words.map(\.folded)
        titleKey = title.joined(separator: " ")
        titleLength = title.count
        let texts: [SearchField: [String]] = [
            .title: [video.title], .names: video.tags + video.people + [video.category].compactMap(\.self),
            .description: [Markdown.plain(video.description)], .spoken: spoken,
        ]
        // Words are analysed once, however often they are said.
        var known: [String: SearchTerms] = [:]
        var bytesLeft = Self.mostBytes
        for field in SearchField.allCases {
            var found: Set<String> = []
            let mark = Part(field)?.mark
            for word in (texts[field] ?? []).lazy.flatMap(Self.words) {
                let terms = known[word] ?? SearchTerms(word)
                let all = terms.all + [mark].compactMap { $0.map { $0 + word } }
                let new = all.filter { !found.contains($0) }
                bytesLeft -= new.reduce(0) { $0 + $1.utf8.count + Self.noteBytes }
                guard bytesLeft >= 0 else { break }
                known[word] = terms  // bound: mostBytes
                found.formUnion(new)  // bound: mostBytes
            }
            terms[field] = found.sorted()
        }
        vocabulary = known.keys.sorted()
    }

    /// A field by itself. Its words are in the index a second time, with a mark before them: so what is only there is found without a
    /// look at all that have the word elsewhere.
    enum Part: Sendable {
        case title, names

        init?(_ field: SearchField) {
            switch field {
            case .title: self = .title
            case .names: self = .names
            case .description, .spoken: return nil
            }
        }

        /// Of Unicode's area for private use: it is in no folded word.
        var mark: String { self == .title ? "\u{E000}" : "\u{E001}" }
    }

    /// The words of a text, and for compounds with a hyphen what they are without it: `x-ray` is found as `xray` too.
    private static func words(of text: String) -> [String] {
        let words = FoldedText(text, mostWords: mostWords).words
        let units = Array(text.utf16)
        let compounds = zip(words, words.dropFirst()).compactMap { one, next in
            next.range.lowerBound == one.range.upperBound + 1 && units[one.range.upperBound] == UInt16(ascii: "-")
                ? one.folded + next.folded : nil
        }
        return words.map(\.folded) + compounds
    }
}

extension UInt16 {
    fileprivate init(ascii letter: Unicode.Scalar) { self = UInt16(truncatingIfNeeded: letter.value) }
}

/// Where in a video a term can be. Each field counts for more than those after it.
enum SearchField: Int, CaseIterable, Sendable {
    case title
    /// Tags, people and the category.
    case names
    case description
    /// Transcripts and captions.
    case spoken

    var weight: Int {
        switch self {
        case .title: 8
        case .names: 6
        case .description: 3
        case .spoken: 1
        }
    }
}
