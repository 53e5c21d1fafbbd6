import Accounts
import FoundationEssentials
import Identifiers

public typealias UploadID = Identifier<Upload>

/// A file on its way in.
///
/// How far it has come is the size of its blob, which no crash can make disagree with its bytes. A video keeps the id of
/// the upload that it came from, so that finishing an upload can be repeated from any point at which it was cut off.
public struct Upload: Sendable, Equatable {
    public enum State: String, Sendable {
        /// A slot is taken, and no byte counts yet. A restart drops it.
        case reserved
        /// Bytes are awaited, or all are here and are about to be looked at.
        case receiving
        /// It became a video, or was recognized as one that exists.
        case finished
        /// Its content was refused.
        case refused
    }

    public var id: UploadID
    public var owner: UserID
    public var byteCount: Int64
    /// The client's own pairs, answered as they came.
    public var metadata: String
    public var details: VideoDetails
    public var fileName: String
    public var state: State
    /// Where chunks come with checksums: how far they were checked. Bytes beyond it were cut off and do not count.
    public var checkedOffset: Int64?
    public var video: VideoID?
    /// Why the content was refused.
    public var refusal: String?
    public var createdAt: Date
    public var expiresAt: Date
    /// The video whose file it is to replace; nil where it becomes a video of its own.
    public var replaces: VideoID?

    /// The id that a video made of it gets.
    public var videoID: VideoID { id.video }
}
