/// Where somebody is in a video.
struct WatchPoint: Sendable, Equatable {
    /// Of the duration: what is behind it counts as watched.
    static let watchedShare = 0.95
    /// Nobody is led back to the first seconds, or the first part of a short video.
    static let leastSeconds = 5.0
    static let leastShare = 0.05

    /// In seconds.
    var position: Double
    /// In seconds; nil while it is not known.
    var duration: Double?

    var isAtEnd: Bool { duration.map { $0 > 0 && position >= $0 * Self.watchedShare } ?? false }

    private var isBegun: Bool {
        position > 0 && (position >= Self.leastSeconds || duration.map { position >= $0 * Self.leastShare } ?? false)
    }

    /// Where playing goes on: at the start for who has seen little or nearly all.
    var resumeAt: Double { isBegun && !isAtEnd ? position : 0 }

    /// The same as a condition over the tables `watch_positions` and `videos`: there is something to go on with.
    static let unfinished = """
        (watch_positions.position > 0 AND (watch_positions.position >= \(leastSeconds) \
        OR watch_positions.position >= videos.duration * \(leastShare)) \
        AND (videos.duration IS NULL OR videos.duration <= 0 \
        OR watch_positions.position < videos.duration * \(watchedShare)))
        """
}
