import Accounts
import FoundationEssentials
import Identifiers

public typealias VideoID = Identifier<Video>

/// A video of the catalogue.
public struct Video: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable, Codable {
        /// Stored, not looked at yet.
        case pending
        /// Being made playable.
        case processing
        /// A viewer can press play; further renditions may still be filling.
        case ready
        case failed
    }

    public enum Kind: String, Sendable, CaseIterable, Codable {
        case video
        /// Sound alone.
        case audio
    }

    /// One quality of a video, as far as it exists.
    public struct Rendition: Sendable, Equatable, Codable {
        public var name: String
        public var width: Int
        public var height: Int
        /// Peak bits per second; 0 until it was measured.
        public var bandwidth: Int
        /// `waiting`, `encoding` or `ready`.
        public var state: String

        public init(name: String, width: Int, height: Int, bandwidth: Int, state: String) {
            self.name = name
            self.width = width
            self.height = height
            self.bandwidth = bandwidth
            self.state = state
        }
    }

    /// Why the work on a video ended without a result.
    public struct Failure: Sendable, Equatable {
        public var code: String
        /// The tool's own last words, for administrators.
        public var detail: String

        public init(code: String, detail: String) {
            self.code = code
            self.detail = detail
        }
    }

    /// What is missing in it, although it plays.
    public struct Warning: Sendable, Equatable, Codable {
        public var code: String
        /// A decimal number, where the code has one.
        public var detail: String?

        public init(code: String, detail: String? = nil) {
            self.code = code
            self.detail = detail
        }
    }

    public var id: VideoID
    public var owner: UserID
    public var title: String
    public var description: String
    public var category: String?
    public var tags: [String]
    public var people: [String]
    public var isPremium: Bool
    public var isHidden: Bool
    public var passwordHash: String?

    /// SHA-256 of the original, in hexadecimal.
    public var checksum: String
    public var byteCount: Int64
    /// The name the file had at its owner's; data, never a path.
    public var fileName: String

    public var status: Status
    /// 0...1, counting everything that is to be made.
    public var progress: Double
    public var duration: Double?
    public var width: Int?
    public var height: Int?
    public var kind = Kind.video
    public var hasThumbnail = false
    public var renditions: [Rendition]
    public var failure: Failure?
    public var warnings: [Warning]
    public var viewCount: Int

    public var createdAt: Date
    public var updatedAt: Date
    public var readyAt: Date?

    /// What the access policy needs to know.
    public var subject: VideoAccess.Subject {
        VideoAccess.Subject(owner: owner, isPremium: isPremium, isHidden: isHidden, hasPassword: passwordHash != nil)
    }
}

/// What the encoder tells about a video: the row follows it in the same transaction.
public struct VideoProgress: Sendable, Equatable {
    public var status: Video.Status
    public var progress: Double
    public var duration: Double?
    public var width: Int?
    public var height: Int?
    public var kind: Video.Kind
    public var hasThumbnail: Bool
    public var renditions: [Video.Rendition]
    public var failure: Video.Failure?
    public var warnings: [Video.Warning]

    public init(
        status: Video.Status, progress: Double, duration: Double? = nil, width: Int? = nil, height: Int? = nil,
        kind: Video.Kind = .video, hasThumbnail: Bool = false, renditions: [Video.Rendition] = [],
        failure: Video.Failure? = nil, warnings: [Video.Warning] = []
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
