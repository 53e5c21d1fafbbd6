import FoundationEssentials
import SQL
import Storage

/// Chooses the picture that stands for a video.
struct ChangePoster: Sendable {
    enum Choice: Sendable {
        case automatic
        /// Of the film, in seconds.
        case frame(Double)
        /// A file that somebody gave.
        case picture([UInt8])
    }

    /// Of a file that is given.
    static let mostBytes = 20 << 20

    let database: Database
    let storage: StorageServices
    let encoding: VideoEncoding
    let find: FindVideo
    let events: VideoEvents
    let now: @Sendable () -> Date
    private let store = VideoStore()

    /// Whether they may at all, before what they send is read.
    func check(_ id: VideoID, by viewer: Viewer) async throws {
        _ = try await find(id, for: viewer, through: .change)
    }

    func callAsFunction(_ id: VideoID, _ choice: Choice, by viewer: Viewer) async throws -> Video {
        let video = try await find(id, for: viewer, through: .change)
        // The file is there before a row names it, and has a name of its own: until then the other one is shown.
        let poster = try await make(choice, of: video)
        let changed: (video: Video, before: Video.Poster?)
        do {
            changed = try await keep(poster, id, viewer)
        } catch {
            if let key = poster?.key(of: id) { try? await storage.blobs.remove(key) }
            throw error
        }
        if let key = changed.before?.key(of: id) { try await storage.blobs.remove(key) }
        return changed.video
    }

    private func make(_ choice: Choice, of video: Video) async throws -> Video.Poster? {
        var poster = Video.Poster(version: Video.Poster.newVersion())
        guard let key = poster.key(of: video.id) else { throw VideoError.notFound }
        switch choice {
        case .automatic: return nil
        case .picture(let bytes): try await encoding.pictures.keepPicture(bytes, key)
        case .frame(let time):
            guard video.kind == .video else { throw VideoError.noFrames }
            switch try await encoding.pictures.keepFrame(video.version, time, key) {
            case .file: poster.time = min(time, video.duration ?? time)
            case .unavailable(let seconds): throw VideoError.pictureUnavailable(retryAfter: seconds)
            case .missing: throw VideoError.pictureUnavailable(retryAfter: 3)
            case .failed: throw VideoError.partFailed
            }
        }
        return poster
    }

    private func keep(
        _ poster: Video.Poster?, _ id: VideoID, _ viewer: Viewer
    ) async throws -> (Video, before: Video.Poster?) {
        let now = now()
        return try await database.write { transaction in
            guard var video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            let before = video.poster
            guard poster != nil || before != nil else { return (video, nil) }
            video.poster = poster
            video.updatedAt = now
            try store.update(video, in: transaction)
            let changed = video
            try transaction.publish(VideoEvent(about: changed, named: .updated), on: events)
            return (changed, before)
        }
    }
}
