import Accounts
import Bus
import FoundationEssentials
import Media

/// What other systems are told of videos. The shapes stand in `api/events.yaml`.
extension Fact {
    static func uploaded(_ video: Video, at time: Date) throws -> Fact {
        try Fact("video.uploaded", of: video.id, at: time, VideoFact(video))
    }

    /// Nil where a video has come to nothing that others must know.
    static func made(_ video: Video, at time: Date) throws -> Fact? {
        switch video.status {
        case .pending, .processing: nil
        case .ready: try Fact("video.ready", of: video.id, at: time, VideoFact(video))
        case .failed: try Fact("video.failed", of: video.id, at: time, VideoFact(video, code: video.failure?.code))
        }
    }

    static func replaced(_ video: Video, at time: Date) throws -> Fact {
        try Fact("video.replaced", of: video.id, at: time, VideoFact(video))
    }

    static func removed(_ video: Video, at time: Date) throws -> Fact {
        try Fact("video.removed", of: video.id, at: time, VideoFact(video))
    }

    static func restored(_ video: Video, at time: Date) throws -> Fact {
        try Fact("video.restored", of: video.id, at: time, VideoFact(video))
    }

    static func viewed(_ video: VideoID, of owner: UserID, by viewer: UserID, at time: Date) throws -> Fact {
        try Fact("video.viewed", of: video, at: time, ViewFact(ownerID: owner, viewerID: viewer))
    }
}

private struct VideoFact: Encodable {
    var ownerID: UserID
    var title: String
    var kind: MediaKind
    var byteCount: Int64
    var duration: Double?
    var width: Int?
    var height: Int?
    var isPremium: Bool
    var isHidden: Bool
    var hasPassword: Bool
    var groups: [GroupID]
    /// Why it failed.
    var code: String?

    init(_ video: Video, code: String? = nil) {
        ownerID = video.owner
        title = video.title
        kind = video.kind
        byteCount = video.byteCount
        (duration, width, height) = (video.duration, video.width, video.height)
        (isPremium, isHidden, hasPassword) = (video.isPremium, video.isHidden, video.passwordHash != nil)
        groups = video.groups
        self.code = code
    }
}

private struct ViewFact: Encodable {
    var ownerID: UserID
    var viewerID: UserID
}
