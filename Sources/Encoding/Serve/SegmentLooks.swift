import Reactor

/// When one who waits for a segment looks whether it is there. Where blobs are elsewhere each look is a request: what was made of other
/// videos is none of theirs, and what was made of this one and told by nobody is found a little later.
struct SegmentLooks {
    /// At most so long passes between two looks.
    static let longest = Duration.seconds(1)

    private let isFar: Bool
    private var seen: Int?
    private var next: MonotonicTime?

    /// - Parameter isFar: a look costs a request.
    init(isFar: Bool) { self.isFar = isFar }

    /// - Parameter changes: see `EncodingSignals.changeCount`.
    mutating func isDue(changes: Int, at now: MonotonicTime) -> Bool {
        if isFar, seen == changes, let next, now < next { return false }
        (seen, next) = (changes, now + Self.longest)
        return true
    }

    /// How long to wait for the next ring.
    func patience(left: Duration) -> Duration { isFar ? min(left, Self.longest) : left }
}
