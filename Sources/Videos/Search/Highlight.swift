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
    private static let beforeHit = 60
    /// Of a video so many are shown.
    private static let most = 12

    static func all(of expression: SearchExpression, in video: Video, spoken: [SpokenText]) -> [Highlight] {
        let texts: [(Field, String)] =
            [(.title, video.title)] + [video.category].compactMap(\.self).map { (.category, $0) }
            + video.tags.map { (.tag, $0) } + video.people.map { (.person, $0) } + [(.description, video.description)]
        var known: [String: Bool] = [:]
        var found: [Highlight] = []
        for (field, text) in texts where found.count < most {
            if let highlight = Self(field, text, expression, &known) { found.append(highlight) }
        }
        for piece in spoken where found.count < most {
            // A transcript says again what captions say, without times.
            if piece.time == nil, found.contains(where: { $0.time != nil }) { continue }
            guard var highlight = Self(.spoken, piece.text, expression, &known) else { continue }
            highlight.time = piece.time
            found.append(highlight)
        }
        return found
    }

    /// Nil where nothing was found.
    ///
    /// - Parameter known: which words are looked for, as far as they were met before.
    private init?(_ field: Field, _ text: String, _ expression: SearchExpression, _ known: inout [String: Bool]) {
        let words = FoldedText(text, mostWords: SearchDocument.mostWords).words
        var hits: [Swift.Range<Int>] = []
        var window: Swift.Range<Int>?
        for word in words {
            if let window, word.range.upperBound > window.upperBound { break }
            let isHit = known[word.folded] ?? expression.matches(SearchTerms(word.folded))
            known[word.folded] = isHit  // bound: words of the texts
            guard isHit else { continue }
            if window == nil { window = Self.window(around: word.range, words, length: text.utf16.count) }
            hits.append(word.range)  // bound: words of a window
        }
        guard let window else { return nil }
        self.field = field
        let units = Array(text.utf16)[window]
        self.text = String(decoding: units, as: UTF16.self)
        ranges = hits.map { Range(start: $0.lowerBound - window.lowerBound, length: $0.count) }
    }

    /// Begins and ends between words.
    private static func window(
        around hit: Swift.Range<Int>, _ words: [FoldedText.Word], length: Int
    ) -> Swift.Range<Int> {
        if length <= longest { return 0..<length }
        let start =
            words.first { $0.range.lowerBound >= hit.lowerBound - beforeHit }?.range.lowerBound ?? hit.lowerBound
        let end = words.last { $0.range.upperBound <= start + longest }?.range.upperBound ?? hit.upperBound
        return
            (hit.lowerBound - beforeHit <= 0 ? 0 : start)..<(start + longest >= length
            ? length : max(end, hit.upperBound))
    }
}
