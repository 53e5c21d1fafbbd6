import Accounts
import FoundationEssentials
import HTTP

/// Tells a page what it needs to start playing.
struct PlayVideo: Sendable {
    let grant: GrantPlayback
    let report: ReportProgress
    let captions: CaptionLists

    func callAsFunction(_ id: VideoID, _ request: Request, by caller: Caller) async throws -> PlayBody {
        let viewer = Viewer(caller)
        // Before the policy is asked, as in `GrantPlayback`.
        let marks = report.marks(of: id, for: viewer)
        let (pass, video) = try await grant(id, request, caller)
        // What the playlists tell is in memory by the time that they are asked for.
        _ = try await captions(id)
        let position = try await report.last(of: id, by: viewer)
        let resumeAt = position.map { WatchPoint(position: $0, duration: video.duration).resumeAt } ?? 0
        if video.status == .ready {
            // What is watched from now on counts.
            try await report.admit(viewer, to: id, marks: marks, duration: video.duration, at: resumeAt)
        }
        return PlayBody(
            status: video.status, playbackURL: video.status == .ready ? pass.folder + "master.m3u8" : nil,
            expiresAt: Date(timeIntervalSince1970: Double(pass.expiresAt)), resumeAt: resumeAt)
    }
}

struct PlayBody: Encodable, Sendable {
    var status: Video.Status
    var playbackURL: String?
    var expiresAt: Date
    var resumeAt: Double

    enum CodingKeys: String, CodingKey {
        case status
        case playbackURL = "playback_url"
        case expiresAt = "expires_at"
        case resumeAt = "resume_at"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(status, forKey: .status)
        try body.encode(playbackURL, forKey: .playbackURL)
        try body.encode(expiresAt, forKey: .expiresAt)
        try body.encode(resumeAt, forKey: .resumeAt)
    }
}
