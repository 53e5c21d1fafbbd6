/// What a viewer of a video misses, although it plays. For its owner.
public struct MediaWarning: Sendable, Hashable, Codable {
    /// Stable: clients and translations rely on these names. A newer server may have written others.
    public struct Code: RawRepresentable, Sendable, Hashable, Codable {
        public var rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// The file ends too early. The detail: how many seconds are there.
        public static let truncated = Code(rawValue: "truncated")
        /// Pictures could not be decoded, and what is near them is shown in their place. The detail: the second from which on
        /// the first of them lies.
        public static let damaged = Code(rawValue: "damaged")
        /// The file announces a picture that cannot be had.
        public static let pictureMissing = Code(rawValue: "picture_missing")
        /// The file announces sound that cannot be had.
        public static let soundMissing = Code(rawValue: "sound_missing")
        /// The file has subtitles that are pictures, which are not shown. The detail: how many.
        public static let subtitlesIgnored = Code(rawValue: "subtitles_ignored")
    }

    public var code: Code
    /// A decimal number, where the code has one.
    public var detail: String?

    public init(_ code: Code, detail: String? = nil) {
        self.code = code
        self.detail = detail
    }
}
