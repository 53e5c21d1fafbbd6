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
    /// Tells viewers apart.
    var viewer: UInt64
}

extension PlaybackPass {
    /// The token is the grant's.
    init(_ grant: Grant, _ token: String) {
        self.init(token: token, expiresAt: grant.expiresAt, viewer: grant.holder)
    }

    init(_ grant: Grant, signedBy signer: GrantSigner) {
        self.init(token: signer.sign(grant), expiresAt: grant.expiresAt, viewer: grant.holder)
    }
}

extension Grant.Purpose {
    /// Playlists, keys, segments and pictures of a video.
    static let playback = Grant.Purpose(rawValue: 1)
    /// The proof that its holder gave the video's password. Opens nothing by itself.
    static let unlock = Grant.Purpose(rawValue: 2)
}

extension VideoCatalogue {
    /// Decides whether this request may fetch parts of the video.
    ///
    /// Of a grant in the address the signature is checked, and that nothing it was made for has changed: no database.
    /// Without a good one, whoever is signed in is asked about by `VideoAccess`, as everywhere, and gets a grant for what
    /// follows.
    func pass(for id: VideoID, _ request: Request) async throws -> PlaybackPass {
        var refusal = VideoError.signInNeeded
        if let token = request.query["token"] {
            do {
                let grant = try foundation.grants.verify(token, for: id, .playback, now: seconds(now()))
                if revocations.isGood(grant) { return PlaybackPass(grant, token) }
                refusal = .grantExpired
            } catch GrantError.expired {
                refusal = .grantExpired
            } catch {
                refusal = .grantInvalid
            }
        }
        // A player that was left open for long still has its cookie.
        guard let caller = try await foundation.identify(request) else { throw refusal }
        return try await grant(id, request, caller).pass
    }

    /// Evaluates the policy and signs a grant.
    func grant(
        _ id: VideoID, _ request: Request, _ caller: Caller
    ) async throws -> (pass: PlaybackPass, video: Video) {
        let marks = revocations.marks(of: id, for: caller.userID)
        // After the marks: whoever changed before them is seen here, whoever changes after them ends the grant.
        let caller = try await stillThere(caller)
        let viewer = Viewer(caller)
        guard let video = try await stored(id) else { throw VideoError.notFound }
        let unlock = unlock(of: video, request, viewer)
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .play, isUnlocked: unlock != nil))
        var end = seconds(now()) + settings.grantLifetime.components.seconds
        // What a password opened does not stay open for longer than the password is remembered.
        if let unlock, VideoAccess.decide(viewer, video.subject, .play) == .locked { end = min(end, unlock.expiresAt) }
        let grant = Grant(
            .playback, subject: id, holder: caller.userID, session: caller.sessionID, subjectMark: marks.video,
            holderMark: marks.person, expiresAt: end)
        return (PlaybackPass(grant, signedBy: foundation.grants), video)
    }

    func seconds(_ time: Date) -> Int64 { Int64(time.timeIntervalSince1970) }

    /// What a page needs to start playing.
    func play(_ id: VideoID, _ request: Request, by caller: Caller) async throws -> PlayBody {
        let (pass, video) = try await grant(id, request, caller)
        let position = try await watchPosition(of: id, by: caller.userID)
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
        guard let found = try await stored(id) else { throw VideoError.notFound }
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
