/// Why a file cannot become a video. Stable: clients and translations rely on these names.
public enum ContentRefusal: String, Sendable, Hashable, Codable, CaseIterable {
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
