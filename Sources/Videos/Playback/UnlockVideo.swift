import Accounts
import Cryptography
import FoundationEssentials
import HTTP
import Reactor
import Security
import Web

extension VideoCatalogue {
    static func unlockCookie(of id: VideoID) -> String { "palco_unlock_\(id)" }

    /// The proof that this viewer gave the video's password: a cookie, or a token in a header field or the address.
    /// A proof for a password that was changed since is none.
    func unlock(of video: Video, _ request: Request, _ viewer: Viewer) -> Grant? {
        let tokens = [
            request.cookies[Self.unlockCookie(of: video.id)], request.headers["X-Video-Unlock"],
            request.query["unlock"],
        ]
        for token in tokens.compactMap(\.self) {
            let grant = try? foundation.grants.verify(token, for: video.id, .unlock, now: seconds(now()))
            guard let grant, grant.holder == viewer.id.short, revocations.isHolderGood(of: grant) else { continue }
            if grant.subjectMark == Self.mark(ofPasswordHash: video.passwordHash) { return grant }
        }
        return nil
    }

    /// Checks a video's password.
    ///
    /// - Throws: `VideoError.wrongPassword`; `tooManyPasswords` after several wrong ones of this person, or from this network,
    ///   for this video.
    func unlock(
        _ id: VideoID, password: String, from address: SocketAddress, by caller: Caller
    ) async throws
        -> PlaybackPass
    {
        let holderMark = revocations.marks(of: id, for: caller.userID).person
        let caller = try await stillThere(caller)
        let video = try await video(id, for: Viewer(caller), through: .details)
        let grant = Grant(
            .unlock, subject: id, holder: caller.userID, session: caller.sessionID,
            subjectMark: Self.mark(ofPasswordHash: video.passwordHash), holderMark: holderMark,
            expiresAt: seconds(now()) + settings.unlockLifetime.components.seconds)
        let proof = PlaybackPass(grant, signedBy: foundation.grants)
        guard let stored = video.passwordHash else { return proof }
        let hash = try PasswordHash(encoded: stored)
        let isRight: Bool
        do {
            isRight = try await unlockAttempts.check(video: id, by: caller.userID, from: address.network) {
                try await foundation.unlocking.verify(password, against: hash, for: .network(address.network))
            }
        } catch let error as TooManyAttempts {
            throw VideoError.tooManyPasswords(error)
        }
        guard isRight else { throw VideoError.wrongPassword }
        return proof
    }

    /// Tells passwords apart without telling anything about them: the hash is salted.
    private static func mark(ofPasswordHash hash: String?) -> UInt32 {
        guard let hash else { return 0 }
        return SHA256.hash(hash).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Counts wrong passwords for a video, by the person who gives them and by the network that they come from.
struct UnlockAttempts: Sendable {
    static let limit = 10
    /// After so long one of them is forgotten.
    static let interval = Duration.seconds(90)

    private struct Guess<Source: Hashable & Sendable>: Hashable, Sendable {
        let video: VideoID
        let source: Source
    }

    private let ofPeople: TokenBuckets<Guess<UserID>>
    private let ofNetworks: TokenBuckets<Guess<IPNetwork>>

    init(clock: @escaping @Sendable () -> MonotonicTime) {
        ofPeople = TokenBuckets(burst: Self.limit, interval: Self.interval, clock: clock)
        ofNetworks = TokenBuckets(burst: Self.limit, interval: Self.interval, clock: clock)
    }

    /// - Throws: `TooManyAttempts`; what `isRight` throws.
    func check(
        video: VideoID, by person: UserID, from network: IPNetwork, _ isRight: () async throws -> Bool
    ) async throws -> Bool {
        try await ofPeople.check(Guess(video: video, source: person)) {
            try await ofNetworks.check(Guess(video: video, source: network), isRight)
        }
    }
}
