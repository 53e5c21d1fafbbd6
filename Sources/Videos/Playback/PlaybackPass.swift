import Accounts
import FoundationEssentials
import HTTP
import Security
import Web

/// A right to fetch the parts of one video, and the token that carries it on.
struct PlaybackPass: Sendable {
    var video: VideoID
    var token: String
    /// Seconds since 1970.
    var expiresAt: Int64
    /// Tells viewers apart.
    var viewer: UInt64
}

extension PlaybackPass {
    /// The token is the grant's.
    init(_ grant: Grant, _ token: String) {
        self.init(
            video: VideoID(high: grant.subjectHigh, low: grant.subjectLow), token: token, expiresAt: grant.expiresAt,
            viewer: grant.holder)
    }

    init(_ grant: Grant, signedBy signer: GrantSigner) { self.init(grant, signer.sign(grant)) }

    /// What the addresses of everything that it opens begin with: relative addresses inherit it.
    var folder: String { "/api/v1/play/\(token)/" }
}

extension Grant.Purpose {
    /// Playlists, keys, segments and pictures of a video.
    static let playback = Grant.Purpose(rawValue: 1)
    /// The proof that its holder gave the video's password. Opens nothing by itself.
    static let unlock = Grant.Purpose(rawValue: 2)
}

extension VideoCatalogue {
    /// Decides whether a request with this grant in its path may fetch parts of the grant's video.
    ///
    /// The signature is checked, and that nothing the grant was made for has changed: no database. Where it is over,
    /// whoever is signed in is asked about by `VideoAccess`, as everywhere.
    func pass(inPath token: String, _ request: Request) async throws -> PlaybackPass {
        let (pass, isGood) = try readPass(token)
        if isGood { return pass }
        // A player that was left open for long still has its cookie.
        guard let caller = try await foundation.identify(request) else { throw VideoError.grantExpired }
        return try await self.grant(pass.video, request, caller).pass
    }

    /// The same where the grant decides by itself; nil where it is over.
    func passNow(inPath token: String) throws -> PlaybackPass? {
        let (pass, isGood) = try readPass(token)
        return isGood ? pass : nil
    }

    private func readPass(_ token: String) throws -> (PlaybackPass, isGood: Bool) {
        guard let grant = foundation.grants.read(token), grant.purpose == .playback else {
            throw VideoError.grantInvalid
        }
        return (PlaybackPass(grant, token), isGood(grant))
    }

    /// Decides whether this request may fetch parts of the video: by `?token=`, or for whoever is signed in, who gets a
    /// grant for what follows.
    func pass(for id: VideoID, _ request: Request) async throws -> PlaybackPass {
        var refusal = VideoError.signInNeeded
        if let token = request.query["token"] {
            if let grant = foundation.grants.read(token), grant.purpose == .playback, grant.isFor(id) {
                if isGood(grant) { return PlaybackPass(grant, token) }
                refusal = .grantExpired
            } else {
                refusal = .grantInvalid
            }
        }
        guard let caller = try await foundation.identify(request) else { throw refusal }
        return try await grant(id, request, caller).pass
    }

    private func isGood(_ grant: Grant) -> Bool { seconds(now()) < grant.expiresAt && revocations.isGood(grant) }

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
}
