import Accounts
import FoundationEssentials
import Identifiers

public typealias VersionID = Identifier<VideoVersion>

/// A file that a video is not made of: it is to replace the one that it is made of, or was replaced by it. The one that it is made of
/// stands in the video itself.
///
/// A version has the id of the upload that its file came by, as a video has that of its first one. Its original, its segments and its keys
/// are kept under that id, so that what replaces and what is replaced are never in each other's way, and nothing is moved.
public struct VideoVersion: Sendable, Equatable {
    public var id: VersionID
    public var video: VideoID
    /// Who sent the file.
    public var broughtBy: UserID
    /// SHA-256 of the original, in hexadecimal.
    public var checksum: String
    public var byteCount: Int64
    public var fileName: String
    public var createdAt: Date
    /// When its files go; nil while it is to replace the present one.
    public var removedAt: Date?
}

extension Video {
    /// How far the work on a file is that is to replace the present one, or why it came to nothing.
    public struct Replacement: Sendable, Equatable, Codable {
        public enum State: String, Sendable, Codable {
            case processing, failed
        }

        public var state: State
        /// 0...1, until it can be played.
        public var progress: Double
        public var fileName: String
        public var byteCount: Int64
        public var code: String?
        public var detail: String?
    }
}
