import Accounts
import FoundationEssentials
import HTTP
import Security

/// Decides who may play a video, and gives whoever may a grant.
struct GrantPlayback: Sendable {
    let find: FindVideo
    let callers: VideoCallers
    let grants: GrantSigner
    let proofs: UnlockProofs
    let revocations: GrantRevocations
    /// How long a grant is good for.
    let lifetime: Duration
    let now: @Sendable () -> Date

    /// Evaluates the policy and signs a grant.
    func callAsFunction(
        _ id: VideoID, _ request: Request, _ caller: Caller
    ) async throws -> (pass: PlaybackPass, video: Video) {
        let marks = revocations.marks(of: id, for: caller.userID)
        // After the marks: whoever changed before them is seen here, whoever changes after them ends the grant.
        let caller = try await callers.stillThere(caller)
        let viewer = Viewer(caller)
        guard let video = try await find.stored(id) else { throw VideoError.notFound }
        let unlock = try await proofs.find(of: video, request, viewer)
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .play, isUnlocked: unlock != nil))
        var end = now().wholeSeconds + lifetime.components.seconds
        // What a password opened does not stay open for longer than the password is remembered.
        if let unlock, VideoAccess.decide(viewer, video.subject, .play) == .locked { end = min(end, unlock.expiresAt) }
        let grant = Grant(
            .playback, subject: id, holder: caller.userID, session: caller.sessionID, subjectMark: marks.video,
            holderMark: marks.person, expiresAt: end)
        return (PlaybackPass(grant.playing(video), signedBy: grants), video)
    }

    /// Decides whether a request with this grant in its path may fetch parts of the grant's video.
    ///
    /// The signature is checked, and that nothing the grant was made for has changed: no database. Where it is over,
    /// whoever is signed in is asked about by `VideoAccess`, as everywhere.
    func pass(inPath token: String, _ request: Request) async throws -> PlaybackPass {
        let (pass, isGood) = try readPass(token)
        if isGood { return pass }
        // A player that was left open for long still has its cookie.
        guard let caller = try await callers.identify(request) else { throw VideoError.grantExpired }
        return try await self(pass.video, request, caller).pass
    }

    /// The same where the grant decides by itself; nil where it is over.
    func passNow(inPath token: String) throws -> PlaybackPass? {
        let (pass, isGood) = try readPass(token)
        return isGood ? pass : nil
    }

    private func readPass(_ token: String) throws -> (PlaybackPass, isGood: Bool) {
        guard let grant = grants.read(token), PlaybackPass.plays(grant.purpose) else { throw VideoError.grantInvalid }
        return (PlaybackPass(grant, token), isGood(grant))
    }

    /// Decides whether this request may fetch parts of the video: by `?token=`, or for whoever is signed in, who gets a
    /// grant for what follows.
    func pass(for id: VideoID, _ request: Request) async throws -> PlaybackPass {
        var refusal = VideoError.signInNeeded
        if let token = request.query["token"] {
            if let grant = grants.read(token), PlaybackPass.plays(grant.purpose), grant.isFor(id) {
                if isGood(grant) { return PlaybackPass(grant, token) }
                refusal = .grantExpired
            } else {
                refusal = .grantInvalid
            }
        }
        guard let caller = try await callers.identify(request) else { throw refusal }
        return try await self(id, request, caller).pass
    }

    private func isGood(_ grant: Grant) -> Bool { now().wholeSeconds < grant.expiresAt && revocations.isGood(grant) }
}

extension Date {
    /// Since 1970, as grants count.
    var wholeSeconds: Int64 { Int64(timeIntervalSince1970) }
}
