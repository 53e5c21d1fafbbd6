import Identifiers
import SQL

public enum QueuedTask {}
typealias TaskID = Identifier<QueuedTask>

enum Lease {}
/// Tells one taking of a task from every other, also by the same process.
typealias LeaseID = Identifier<Lease>

/// One piece of work in the queue: small enough that losing it does not hurt.
package struct EncodingTask: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        /// Frame times, segments, ladder: everything else follows from it.
        case plan
        /// All segments that are copied from a standard source.
        case copy
        /// The first chunk of one low rendition, so that something can be played.
        case opening
        /// The init segments of all encoded renditions, so that each can be switched to at once.
        case heads
        /// All renditions of one chunk that are not there yet.
        case chunk
        case audio
        case thumbnail
        case storyboard
        /// The text that is shown with the film.
        case captions
        /// Decodes what is copied and nothing is encoded from, once, to see whether that can be done.
        case check
        /// Replaces the copied segments of a chunk that cannot be decoded.
        case mend
        /// A copy of the source with clean times, made by reading it from its first byte to its last.
        case mezzanine
        /// Removes what nothing is made from any more.
        case cleanup

        /// A video without it is still a video.
        var isExtra: Bool { self == .thumbnail || self == .storyboard || self == .captions }
    }

    /// Smaller is sooner.
    enum Priority {
        static let plan = 10
        static let first = 20
        static let copy = 25
        static let heads = 22
        static let thumbnail = 30
        static let captions = 35
        static let rest = 50
        static let storyboard = 60
        static let cleanup = 70
    }

    var id: TaskID
    var video: EncodingID
    var kind: Kind
    var chunk: Int
    var priority: Int
    /// Runs that were begun, this one included.
    var attempts: Int
    /// Under which it is held; nil where nobody holds it.
    var lease: LeaseID?

    /// Names the run, and what it writes: `TASK.LEASE`.
    var run: String { lease.map { "\(id).\($0)" } ?? "\(id)" }
}

extension EncodingTask {
    init(_ row: Row) throws {
        id = try row.value("id")
        video = try row.value("video_id")
        kind = try row.value("kind")
        chunk = try row.value("chunk")
        priority = try row.value("priority")
        attempts = try row.value("attempts")
        lease = try row.value("lease_token")
    }
}
