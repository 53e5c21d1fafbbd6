import Accounts
import FoundationEssentials
import HTTP
import SQL
import Security
import Web

/// A right to fetch the parts of one video, and the token that carries it on.
struct PlaybackPass: Sendable {
    var token: String
    /// Seconds since 1970.
    var expiresAt: Int64
}

extension VideoCatalogue {
    /// Decides whether this request may fetch parts of the video.
    ///
    /// With a grant in the address nothing but its signature is checked: no database. Without one, whoever is signed in is
    /// asked about by `VideoAccess`, as everywhere, and gets a grant for what follows.
    func pass(for id: VideoID, _ request: Request) async throws -> PlaybackPass {
        var refusal = VideoError.signInNeeded
        if let token = request.query["token"] {
            do {
                let grant = try foundation.grants.verify(token, for: id, now: seconds(now()))
                return PlaybackPass(token: token, expiresAt: grant.expiresAt)
            } catch GrantError.expired {
                refusal = .grantExpired
            } catch {
                refusal = .grantInvalid
            }
        }
        // A player that was left open for long still has its cookie.
        guard let caller = try await foundation.identify(request) else { throw refusal }
        return try await grant(id, request, Viewer(caller)).pass
    }

    /// Evaluates the policy and signs a grant.
    func grant(
        _ id: VideoID, _ request: Request, _ viewer: Viewer, through door: VideoAccess.Door = .play
    ) async throws -> (pass: PlaybackPass, video: Video) {
        let unlock = unlock(of: id, request, viewer)
        let video = try await video(id, for: viewer, through: door, isUnlocked: unlock != nil)
        var end = seconds(now()) + settings.grantLifetime.components.seconds
        // What a password opened does not stay open for longer than the password is remembered.
        if let unlock, VideoAccess.decide(viewer, video.subject, .play) == .locked { end = min(end, unlock.expiresAt) }
        return (pass(for: id, viewer, until: end), video)
    }

    func pass(for id: VideoID, _ viewer: Viewer, until end: Int64) -> PlaybackPass {
        let grant = Grant(subject: id, holder: viewer.id, expiresAt: end)
        return PlaybackPass(token: foundation.grants.sign(grant), expiresAt: end)
    }

    func seconds(_ time: Date) -> Int64 { Int64(time.timeIntervalSince1970) }

    /// What a page needs to start playing.
    func play(_ id: VideoID, _ request: Request, by viewer: Viewer) async throws -> PlayBody {
        let (pass, video) = try await grant(id, request, viewer)
        let position = try await watchPosition(of: id, by: viewer.id)
        var url: String?
        if video.status == .ready { url = "/api/v1/videos/\(id)/hls/master.m3u8?token=\(pass.token)" }
        return PlayBody(
            status: video.status, playbackURL: url,
            expiresAt: Date(timeIntervalSince1970: Double(pass.expiresAt)),
            resumeAt: resumePoint(position, of: video))
    }

    /// Where to go on: not in the first seconds, and from the start again once it was watched to the end.
    private func resumePoint(_ position: Double?, of video: Video) -> Double {
        guard let position, position >= 5 else { return 0 }
        if let duration = video.duration, position >= duration - max(5, duration * 0.03) { return 0 }
        return position
    }

    func presentation(of id: VideoID) async throws -> VideoPresentation {
        if let presentation = try await encoding.presentation(id) { return presentation }
        let store = store
        let found = try await database.read { try store.find(id, in: $0) }
        guard let found else { throw VideoError.notFound }
        throw VideoError.notPlayable(found.status)
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
