import Reactor

/// What a request for a segment or an init segment gets.
public enum SegmentAnswer: Sendable {
    case file(OpenFile)
    /// Not made within the patience of a request; it is being made now.
    case unavailable(retryAfter: Duration)
    /// No such video, rendition or number.
    case missing
    /// Will never be made.
    case failed
}
