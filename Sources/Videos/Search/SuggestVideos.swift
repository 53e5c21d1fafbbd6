import SQL

/// What somebody may want who is typing: a name that is used, or a title.
struct Suggestion: Sendable, Encodable, Equatable {
    enum Kind: String, Sendable, Encodable {
        case category, person, tag, video
    }

    var kind: Kind
    var text: String
    /// Of a title.
    var videoID: VideoID?

    enum CodingKeys: String, CodingKey {
        case kind, text
        case videoID = "video_id"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(kind, forKey: .kind)
        try body.encode(text, forKey: .text)
        try body.encode(videoID, forKey: .videoID)
    }
}

/// Suggests what somebody may want who is typing. Everything comes out of videos that the viewer may see.
struct SuggestVideos: Sendable {
    /// A single letter says nothing.
    static let fewestLetters = 2
    static let most = 10
    /// So many of them are names, where there are titles as well.
    private static let mostNames = 5
    /// Videos whose names are looked at.
    private static let mostLooked = 100

    let database: Database
    private let store = VideoStore()

    func callAsFunction(_ text: String, for viewer: Viewer) async throws -> [Suggestion] {
        let words = FoldedText(text, mostWords: SearchWords.most).words.map(\.folded)
        guard words.contains(where: { $0.unicodeScalars.count >= Self.fewestLetters }) else { return [] }
        return try await database.scan { access in
            var expression = SearchExpression(words: words.map { [SearchExpression.Phrase(term: $0, isPrefix: true)] })
            func videos(with field: SearchField, limit: Int) throws -> [Video] {
                expression.field = field
                let ids = try access.searchIndex.matches(expression, for: viewer, limit: limit, in: access)
                return try store.find(ids, in: access)
            }
            let names = Self.names(of: try videos(with: .names, limit: Self.mostLooked), beginning: words)
            let titles = try videos(with: .title, limit: Self.most).map {
                Suggestion(kind: .video, text: $0.title, videoID: $0.id)
            }
            let namesShown = names.prefix(max(Self.mostNames, Self.most - titles.count))
            return Array((namesShown + titles).prefix(Self.most))
        }
    }

    /// The names that have all words, the most used first.
    private static func names(of videos: [Video], beginning words: [String]) -> [Suggestion] {
        var counts: [Suggestion.Kind: [String: Int]] = [:]
        func count(_ kind: Suggestion.Kind, _ name: String) {
            let found = FoldedText(name).words.map(\.folded)
            guard words.allSatisfy({ word in found.contains { $0.hasPrefix(word) } }) else { return }
            counts[kind, default: [:]][name, default: 0] += 1  // bound: names of mostLooked videos
        }
        for video in videos {
            if let category = video.category { count(.category, category) }
            for person in video.people { count(.person, person) }
            for tag in video.tags { count(.tag, tag) }
        }
        let all = counts.flatMap { kind, names in names.map { (kind: kind, name: $0.key, count: $0.value) } }
        return all.sorted { ($1.count, $0.name, $0.kind.rawValue) < ($0.count, $1.name, $1.kind.rawValue) }.map {
            Suggestion(kind: $0.kind, text: $0.name)
        }
    }
}
