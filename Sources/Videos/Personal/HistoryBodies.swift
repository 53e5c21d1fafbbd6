import FoundationEssentials

/// An entry of the history as its person sees it.
struct HistoryEntryBody: Encodable, Sendable {
    let entry: HistoryEntry
    let viewer: Viewer

    enum CodingKeys: String, CodingKey {
        case id, video, position, duration, watched
        case resumeAt = "resume_at"
        case watchedAt = "watched_at"
        case lastWatchedAt = "last_watched_at"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(entry.video.id, forKey: .id)
        try body.encode(VideoBody(entry.video, for: viewer), forKey: .video)
        try body.encode(entry.position, forKey: .position)
        try body.encode(entry.video.duration, forKey: .duration)
        try body.encode(entry.point.resumeAt, forKey: .resumeAt)
        try body.encode(entry.watchedAt != nil, forKey: .watched)
        try body.encode(entry.watchedAt, forKey: .watchedAt)
        try body.encode(entry.lastWatchedAt, forKey: .lastWatchedAt)
    }
}

/// Somebody's statistics as they see them.
struct StatisticsBody: Encodable, Sendable {
    struct Month: Encodable, Sendable {
        var month: String
        var videosWatched: Int
        var secondsWatched: Double
        var favorites: Int
    }

    var videosWatched: Int
    var secondsWatched: Double
    var favorites: Int
    var months: [Month]

    init(_ statistics: PersonalStatistics) {
        videosWatched = statistics.total.videosWatched
        secondsWatched = statistics.total.secondsWatched
        favorites = statistics.total.favorites
        months = statistics.months.map { name, numbers in
            Month(
                month: name, videosWatched: numbers.videosWatched, secondsWatched: numbers.secondsWatched,
                favorites: numbers.favorites)
        }
    }
}
