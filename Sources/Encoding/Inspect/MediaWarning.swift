/// What a viewer of a video misses, although it plays. For its owner.
public struct MediaWarning: Sendable, Hashable, Codable {
    /// Stable: clients and translations rely on these names.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// The file ends too early. The detail: how many seconds are there.
        case truncated
        /// Pictures could not be decoded, and what is near them is shown in their place. The detail: the second from which on
        /// the first of them lies.
        case damaged
        /// The file announces a picture that cannot be had.
        case pictureMissing = "picture_missing"
        /// The file announces sound that cannot be had.
        case soundMissing = "sound_missing"
        /// The file has subtitles that are pictures, which are not shown. The detail: how many.
        case subtitlesIgnored = "subtitles_ignored"
    }

    public var code: Code
    /// A decimal number, where the code has one.
    public var detail: String?

    public init(_ code: Code, detail: String? = nil) {
        self.code = code
        self.detail = detail
    }
}

extension MediaFacts {
    /// What can be said before anything is made.
    var warnings: [MediaWarning] {
        var warnings: [MediaWarning] = []
        if isTruncated { warnings.append(MediaWarning(.truncated)) }
        if isPictureMissing { warnings.append(MediaWarning(.pictureMissing)) }
        if isSoundMissing { warnings.append(MediaWarning(.soundMissing)) }
        if pictureSubtitleCount > 0 {
            warnings.append(MediaWarning(.subtitlesIgnored, detail: "\(pictureSubtitleCount)"))
        }
        return warnings
    }
}
