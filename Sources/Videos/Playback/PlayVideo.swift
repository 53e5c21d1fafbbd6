import Accounts
import Bus
import FoundationEssentials
import HTTP

/// Tells a page what it needs to start playing.
struct PlayVideo: Sendable {
    let grant: GrantPlayback
    let positions: WatchPositions
    let facts: Outbox?
    let now: @Sendable () -> Date

    func callAsFunction(_ id: VideoID, _ request: Request, by caller: Caller) async throws -> PlayBody {
        let (pass, video) = try await grant(id, request, caller)
        // Once for each start, not for what is played then.
        if let facts, video.status == .ready { facts.recordAside(try .viewed(video, by: caller.userID, at: now())) }
        let position = try await positions.last(of: id, by: caller.userID)
        return PlayBody(
            status: video.status, playbackURL: video.status == .ready ? pass.folder + "master.m3u8" : nil,
            expiresAt: Date(timeIntervalSince1970: Double(pass.expiresAt)),
            resumeAt: resumePoint(position, of: video))
    }

    /// Where to go on: not in the first seconds, and from the start again once it was watched to the end.
    private func resumePoint(_ position: Double?, of video: Video) -> Double {
        guard let position, position >= 5 else { return 0 }
        if let duration = video.duration, position >= duration - max(5, duration * 0.03) { return 0 }
        return position
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
