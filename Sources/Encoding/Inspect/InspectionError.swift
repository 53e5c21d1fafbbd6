import Media

/// Why an uploaded file cannot become a video.
public struct InspectionError: Error, Sendable, Hashable {
    public var code: ContentRefusal
    /// For the administrator: ffprobe's own words, where it said something.
    public var detail: String

    public init(_ code: ContentRefusal, detail: String = "") {
        self.code = code
        self.detail = detail
    }
}
