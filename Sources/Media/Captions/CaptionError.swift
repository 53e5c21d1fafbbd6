/// Why uploaded captions were refused.
public enum CaptionError: Error, Sendable, Hashable {
    /// It is no text whose encoding is known for sure.
    case unreadableText
    /// It is neither WebVTT nor SRT.
    case unknownFormat
    /// There is no cue with a text.
    case empty
    /// There are more cues, or more text, than any film needs.
    case tooLarge
    /// The first of those lines that cannot be read, at most `mostWrongLines` of them.
    case wrongLines([WrongLine])

    public static let mostWrongLines = 20

    public struct WrongLine: Sendable, Hashable {
        /// From 1, as editors count.
        public var number: Int
        public var fault: Fault
    }

    public enum Fault: String, Sendable, Hashable, CaseIterable {
        /// A file of WebVTT begins with `WEBVTT`.
        case header = "missing_header"
        /// A block that is no note has no line with times.
        case noTiming = "missing_timing"
        case timing = "malformed_timing"
        case order = "end_before_start"
        /// An arrow within the text of a cue: an empty line is missing before it.
        case arrow = "unexpected_arrow"
    }
}

/// The formats in which captions are uploaded.
public enum CaptionFormat: Sendable, Hashable, CaseIterable {
    case webVTT
    /// `.srt`.
    case subRip
}
