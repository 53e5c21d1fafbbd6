import Accounts
import FoundationEssentials
import SQL

/// Obeys what other servers announce of videos, of who may see them, and of uploads.
public struct HearVideos: Sendable {
    /// Of what this room announces to other servers.
    public static let topic = VideoAnnouncement.topic
    /// Of what servers tell each other about uploads.
    public static let uploadTopic = UploadClaim.topic

    let database: Database
    let revocations: ReadRevocations
    let events: VideoEvents
    let sessions: UploadSessions
    let captions: CaptionLists
    private let store = VideoStore()

    /// Another server changed a video; nil where it is not known what changed.
    public func video(_ announcement: Announcement?) async throws {
        guard let told = announcement.flatMap(VideoAnnouncement.init) else {
            captions.forgetAll()
            return try await revocations.refresh()
        }
        if told.name == .updated || told.name == .removed { captions.forget(told.id) }
        // What the change has ended is obeyed before anybody hears of it.
        if told.name == .updated || told.name == .removed { try await revocations.refresh() }
        if let subject = told.subject {
            events.publish(VideoEvent(about: Video(removed: told.id, subject), named: told.name))
        } else if let video = try await database.read({ try store.find(told.id, in: $0) }) {
            events.publish(VideoEvent(about: video, named: told.name))
        }
    }

    /// Another server changed who may be here; nil where it is not known what.
    public func access(_ change: AccessChange?) async throws {
        try await revocations.refresh()
        switch change {
        case .sessionEnded(_, let person), .personChanged(let person), .groupJoined(let person):
            events.accessChanged(of: person)
        case .profileChanged: break
        // Each stream asks anew whether its viewer is still there.
        case .groupRemoved, nil: events.beat()
        }
    }

    /// Another server wants an upload that a request of this one may be receiving.
    public func upload(_ announcement: Announcement) {
        guard let id = UploadID(announcement.text) else { return }
        sessions.takeOver(id)
    }
}

extension Video {
    /// What is left to be said of a video that is gone.
    fileprivate init(removed id: VideoID, _ subject: VideoAccess.Subject) {
        self.init(
            id: id, owner: subject.owner, title: "", description: "", category: nil, tags: [], people: [],
            isPremium: subject.isPremium, isHidden: subject.isHidden, passwordHash: subject.hasPassword ? "" : nil,
            groups: subject.groups,
            checksum: "", byteCount: 0, fileName: "", status: .ready, progress: 1, duration: nil, width: nil,
            height: nil, kind: .video, renditions: [], failure: nil, warnings: [], viewCount: 0, createdAt: Date(),
            updatedAt: Date(), readyAt: nil)
    }
}
