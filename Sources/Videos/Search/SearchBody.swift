/// A page of a search as clients see it: videos as in every list, each with its highlights.
struct FoundVideosBody: Encodable, Sendable {
    var data: [FoundVideoBody]
    var nextCursor: String?
    var counts: FoundCounts?

    init(_ found: FoundVideos, for viewer: Viewer) {
        data = zip(found.videos, found.highlights).map {
            FoundVideoBody(video: VideoBody($0, for: viewer, isWhole: false), highlights: $1)
        }
        nextCursor = found.next?.text
        counts = found.counts
    }

    enum CodingKeys: String, CodingKey {
        case data
        case nextCursor = "next_cursor"
        case counts
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(data, forKey: .data)
        try body.encode(nextCursor, forKey: .nextCursor)
        try body.encode(counts, forKey: .counts)
    }
}

struct FoundVideoBody: Encodable, Sendable {
    var video: VideoBody
    var highlights: [Highlight]

    enum CodingKeys: String, CodingKey { case highlights }

    func encode(to encoder: any Encoder) throws {
        try video.encode(to: encoder)
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(highlights, forKey: .highlights)
    }
}

struct SuggestionsBody: Encodable, Sendable {
    var data: [Suggestion]
}
