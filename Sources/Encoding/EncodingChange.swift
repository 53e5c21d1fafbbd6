/// What became of an encoding, told inside the transaction that made it so.
public struct EncodingChange: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable {
        case processing, ready, failed
    }

    public struct Rendition: Sendable, Hashable {
        public enum State: String, Sendable, Hashable {
            /// Nothing is made yet, or parts.
            case waiting, filling
            case complete
            case failed
        }

        public var name: String
        public var width: Int
        public var height: Int
        /// Peak bits a second: measured, or the cap while nothing is made.
        public var bandwidth: Int
        public var state: State
    }

    public var status: Status
    /// 0...1 over all renditions.
    public var progress: Double
    /// In seconds.
    public var duration: Double?
    public var width: Int?
    public var height: Int?
    /// There is no picture.
    public var isAudio = false
    public var hasThumbnail = false
    /// Video only, the best first. Empty until planned.
    public var renditions: [Rendition]
    public var errorCode: String?
    /// ffmpeg's own last words, for the administrator.
    public var errorDetail: String?
    public var warnings: [MediaWarning]
}
