import Web

/// A piece of a video's text in which words of a search were found, with their places.
///
/// It is text and not HTML: whoever shows it makes elements of the ranges, so nothing that people wrote becomes markup.
struct Highlight: Sendable, Encodable, Equatable {
    /// In UTF-16 code units of `text`, as JavaScript counts.
    struct Range: Sendable, Encodable, Equatable {
        var start: Int
        var length: Int
    }

    enum Field: String, Sendable, Encodable {
        case title, category, tag, person, description, spoken
    }

    var field: Field
    var text: String
    var ranges: [Range]
    /// Of what is spoken, the second at which it is, where captions tell.
    var time: Double?

    /// Of a long text so many UTF-16 code units are shown, with the first hit near the beginning.
    static let longest = 200
    /// Of a video so many are shown.
    static let most = 12
}

/// Finds the words of a search in the texts of videos.
struct Highlighter {
    private static let beforeHit = 60

    private let expression: SearchExpression
    /// By folded words, as far as they were met: which word of the query each of them is, if any.
    private var known: [String: Set<Int>] = [:]

    /// With which letters the words begin. No ending that a stem is without is at the beginning.
    private let beginnings: Set<Unicode.Scalar>

    init(_ expression: SearchExpression) {
        self.expression = expression
        beginnings = Set(expression.phrases.compactMap(\.term.unicodeScalars.first))
    }

    /// - Parameter spoken: as `SearchDocument` takes it, and as little of it is shown. It can be long, so it is asked for only where
    ///   the other texts do not have every word.
    mutating func highlights(of video: Video, spoken: @autoclosure () throws -> [SpokenText]) rethrows -> [Highlight] {
        let texts: [(Highlight.Field, String)] =
            [(.title, video.title)] + [video.category].compactMap(\.self).map { (.category, $0) }
            + video.tags.map { (.tag, $0) } + video.people.map { (.person, $0) }
            + [(.description, Markdown.plain(video.description))]
        var (found, words): ([Highlight], Set<Int>) = ([], [])
        for (field, text) in texts { add(field, text, to: &found, &words) }
        if words.count < expression.words.count, video.passwordHash == nil {
            for piece in try spoken() {
                if found.count >= Highlight.most { break }
                // A transcript says again what captions say, without times.
                if piece.time == nil, found.contains(where: { $0.time != nil }) { continue }
                let count = found.count
                add(.spoken, piece.text, to: &found, &words)
                if found.count > count { found[count].time = piece.time }
            }
        }
        return found
    }

    private mutating func add(
        _ field: Highlight.Field, _ text: String, to found: inout [Highlight], _ seen: inout Set<Int>
    ) {
        guard found.count < Highlight.most else { return }
        let words = FoldedText(text, mostWords: SearchDocument.mostWords).words
        var hits: [Range<Int>] = []
        var window: Range<Int>?
        for word in words {
            if let window, word.range.upperBound > window.upperBound { break }
            let meant = wordsMeant(by: word.folded)
            guard !meant.isEmpty else { continue }
            seen.formUnion(meant)  // bound: words of a query
            if window == nil { window = Self.window(around: word.range, words, length: text.utf16.count) }
            hits.append(word.range)  // bound: words of a window
        }
        guard let window else { return }
        // On one line; places stay.
        let shown = Array(text.utf16)[window].map { $0 < 0x20 ? 0x20 : $0 }
        found.append(
            Highlight(
                field: field, text: String(decoding: shown, as: UTF16.self),
                ranges: hits.map { Highlight.Range(start: $0.lowerBound - window.lowerBound, length: $0.count) }))
    }

    private mutating func wordsMeant(by word: String) -> Set<Int> {
        guard let first = word.unicodeScalars.first, beginnings.contains(first) else { return [] }
        if let meant = known[word] { return meant }
        let terms = SearchTerms(word)
        let meant = expression.words.indices.filter { index in
            SearchExpression(words: [expression.words[index]]).matches(terms)
        }
        known[word] = Set(meant)  // bound: words of the texts of a page
        return Set(meant)
    }

    /// Begins and ends between words.
    private static func window(around hit: Range<Int>, _ words: [FoldedText.Word], length: Int) -> Range<Int> {
        let longest = Highlight.longest
        if length <= longest { return 0..<length }
        let start =
            words.first { $0.range.lowerBound >= hit.lowerBound - beforeHit }?.range.lowerBound ?? hit.lowerBound
        let end = words.last { $0.range.upperBound <= start + longest }?.range.upperBound ?? hit.upperBound
        return (hit.lowerBound <= beforeHit ? 0 : start)..<max(end, hit.upperBound)
    }
}
