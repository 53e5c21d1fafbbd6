import Accounts
import FoundationEssentials
import HTTP
import Reactor
import Security
import Synchronization
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
    /// - Throws: `VideoError.wrongPassword`; `tooManyPasswords` after several wrong ones from an address for a video.
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
        let place = UnlockAttempts.Place(host: address.host, video: id)
        if let wait = unlockAttempts.wait(at: place, now: seconds(now())) {
            throw VideoError.tooManyPasswords(retryAfter: wait)
        }
        unlockAttempts.count(at: place, now: seconds(now()))
        guard try await foundation.passwords.verify(password, against: PasswordHash(encoded: stored)) else {
            throw VideoError.wrongPassword
        }
        unlockAttempts.clear(place)
        return proof
    }

    /// Tells passwords apart without telling anything about them: the hash is salted.
    private static func mark(ofPasswordHash hash: String?) -> UInt32 {
        guard let hash else { return 0 }
        return SHA256.hash(hash).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Counts wrong passwords per address and video.
final class UnlockAttempts: Sendable {
    struct Place: Hashable, Sendable {
        var host: String
        var video: VideoID
    }

    static let limit = 10
    static let window: Int64 = 900
    private static let mostPlaces = 10_000

    private struct Count: Sendable {
        var attempts = 0
        var since: Int64
    }

    private let counts = Mutex<[Place: Count]>([:])

    /// Seconds to wait; nil where another attempt is welcome.
    func wait(at place: Place, now: Int64) -> Int? {
        counts.withLock { counts in
            guard let count = counts[place], count.attempts >= Self.limit else { return nil }
            let rest = count.since + Self.window - now
            return rest > 0 ? Int(rest) : nil
        }
    }

    /// Counted before the password is checked, so that many at once do not slip through.
    func count(at place: Place, now: Int64) {
        counts.withLock { counts in
            if counts.count >= Self.mostPlaces { counts = counts.filter { $0.value.since + Self.window > now } }
            if counts.count >= Self.mostPlaces { counts.removeAll() }
            var count = counts[place] ?? Count(since: now)
            if count.since + Self.window <= now { count = Count(since: now) }
            count.attempts += 1
            counts[place] = count
        }
    }

    func clear(_ place: Place) {
        counts.withLock { $0[place] = nil }
    }
}
