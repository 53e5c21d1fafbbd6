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
    private let vocabulary = SearchVocabulary()

    func callAsFunction(_ text: String, for viewer: Viewer) async throws -> [Suggestion] {
        let words = FoldedText(text, mostWords: SearchWords.most).words.map(\.folded)
        guard words.contains(where: { $0.unicodeScalars.count >= Self.fewestLetters }) else { return [] }
        return try await database.scan { access in
            var expression = SearchExpression(
                words: try words.map { [try vocabulary.beginning($0, in: access)] })
            func found(in part: SearchDocument.Part, limit: Int) throws -> [Row] {
                expression.part = part
                return try access.searchIndex.matches(
                    expression, for: viewer, showing: "search_documents.facets AS facets, videos.title AS title",
                    limit: limit, in: access)
            }
            let names = Self.names(
                of: try found(in: .names, limit: Self.mostLooked).map { Facets(text: try $0.value("facets")) },
                beginning: words)
            let titles = try found(in: .title, limit: Self.most).map { row in
                Suggestion(kind: .video, text: try row.value("title"), videoID: try row.value("id"))
            }
            let namesShown = names.prefix(max(Self.mostNames, Self.most - titles.count))
            return Array((namesShown + titles).prefix(Self.most))
        }
    }

    /// The names that have all words, the most used first.
    private static func names(of videos: [Facets], beginning words: [String]) -> [Suggestion] {
        var counts: [Suggestion.Kind: [String: Int]] = [:]
        // bound: names of mostLooked videos
        var known: [String: Bool] = [:]
        func count(_ kind: Suggestion.Kind, _ name: String) {
            let isMeant = known[name] ?? hasAll(words, name)
            known[name] = isMeant
            guard isMeant else { return }
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

    private static func hasAll(_ words: [String], _ name: String) -> Bool {
        let found = FoldedText(name).words.map(\.folded)
        return words.allSatisfy { word in found.contains { $0.hasPrefix(word) } }
    }
}
