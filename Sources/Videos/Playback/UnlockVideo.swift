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
    func unlock(of id: VideoID, _ request: Request, _ viewer: Viewer) -> Grant? {
        let tokens = [
            request.cookies[Self.unlockCookie(of: id)], request.headers["X-Video-Unlock"], request.query["unlock"],
        ]
        for token in tokens.compactMap(\.self) {
            guard let grant = try? foundation.grants.verify(token, for: id, now: seconds(now())) else { continue }
            if grant.holder(as: User.self) == viewer.id { return grant }
        }
        return nil
    }

    /// Checks a video's password.
    ///
    /// - Throws: `VideoError.wrongPassword`; `tooManyPasswords` after several wrong ones from an address for a video.
    func unlock(
        _ id: VideoID, password: String, from address: SocketAddress, by viewer: Viewer
    ) async throws
        -> PlaybackPass
    {
        let video = try await video(id, for: viewer, through: .details)
        let end = seconds(now()) + settings.unlockLifetime.components.seconds
        guard let stored = video.passwordHash else { return pass(for: id, viewer, until: end) }
        let place = UnlockAttempts.Place(host: address.host, video: id)
        if let wait = unlockAttempts.wait(at: place, now: seconds(now())) {
            throw VideoError.tooManyPasswords(retryAfter: wait)
        }
        unlockAttempts.count(at: place, now: seconds(now()))
        guard try await foundation.passwords.verify(password, against: PasswordHash(encoded: stored)) else {
            throw VideoError.wrongPassword
        }
        unlockAttempts.clear(place)
        return pass(for: id, viewer, until: end)
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
