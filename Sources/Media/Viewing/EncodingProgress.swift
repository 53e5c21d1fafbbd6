/// How far the making of a video is.
public struct EncodingProgress: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable {
        /// Being made playable.
        case processing
        /// A viewer can press play; further renditions may still be filling.
        case ready
        case failed
    }

    /// One quality of a video, as far as it exists.
    public struct Rendition: Sendable, Hashable, Codable {
        public enum State: String, Sendable, Hashable, Codable {
            /// Nothing is made yet, or parts.
            case waiting, encoding
            /// All is made.
            case ready
            case failed
        }

        public var name: String
        public var width: Int
        public var height: Int
        /// Peak bits a second: measured, or the cap while nothing is made.
        public var bandwidth: Int
        public var state: State

        public init(name: String, width: Int, height: Int, bandwidth: Int, state: State) {
            self.name = name
            self.width = width
            self.height = height
            self.bandwidth = bandwidth
            self.state = state
        }
    }

    /// Why it ended without a result.
    public struct Failure: Sendable, Hashable {
        public var code: String
        /// The tool's own last words, for administrators.
        public var detail: String

        public init(code: String, detail: String) {
            self.code = code
            self.detail = detail
        }
    }

    public var status: Status
    /// 0...1, counting everything that is to be made.
    public var progress: Double
    /// In seconds.
    public var duration: Double?
    public var width: Int?
    public var height: Int?
    public var kind: MediaKind
    public var hasThumbnail: Bool
    /// Video only, the best first. Empty until planned.
    public var renditions: [Rendition]
    public var failure: Failure?
    public var warnings: [MediaWarning]

    public init(
        status: Status, progress: Double, duration: Double? = nil, width: Int? = nil, height: Int? = nil,
        kind: MediaKind = .video, hasThumbnail: Bool = false, renditions: [Rendition] = [], failure: Failure? = nil,
        warnings: [MediaWarning] = []
    ) {
        self.status = status
        self.progress = progress
        self.duration = duration
        self.width = width
        self.height = height
        self.kind = kind
        self.hasThumbnail = hasThumbnail
        self.renditions = renditions
        self.failure = failure
        self.warnings = warnings
    }
}

public enum MediaKind: String, Sendable, CaseIterable, Codable {
    case video
    /// Sound alone.
    case audio
}
