/// Why an uploaded file cannot become a video.
public struct InspectionError: Error, Sendable, Hashable {
    /// Stable: clients and translations rely on these names.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        case notAVideo = "not_a_video"
        case emptyFile = "empty_file"
        case truncatedFile = "truncated_file"
        case corruptFile = "corrupt_file"
        case unsupportedDimensions = "unsupported_dimensions"
        case unsupportedDuration = "unsupported_duration"
        case unsupportedFrameRate = "unsupported_frame_rate"
        case tooManyStreams = "too_many_streams"
        case protectedSource = "protected_source"
    }

    public var code: Code
    /// For the administrator: ffprobe's own words, where it said something.
    public var detail: String

    public init(_ code: Code, detail: String = "") {
        self.code = code
        self.detail = detail
    }
}
