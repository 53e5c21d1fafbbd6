import Accounts
import FoundationEssentials
import HTTP
import Reactor
import Security
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
    /// - Throws: `VideoError.wrongPassword`; `tooManyPasswords` after several wrong ones of this person, or from this network,
    ///   for this video.
    func unlock(
        _ id: VideoID, password: String, from address: SocketAddress, by viewer: Viewer
    ) async throws
        -> PlaybackPass
    {
        let video = try await video(id, for: viewer, through: .details)
        let end = seconds(now()) + settings.unlockLifetime.components.seconds
        guard let stored = video.passwordHash else { return pass(for: id, viewer, until: end) }
        let hash = try PasswordHash(encoded: stored)
        let isRight: Bool
        do {
            isRight = try await unlockAttempts.check(video: id, by: viewer.id, from: address.network) {
                try await foundation.unlocking.verify(password, against: hash, for: .network(address.network))
            }
        } catch let error as TooManyAttempts {
            throw VideoError.tooManyPasswords(retryAfter: Int(error.retryAfter.components.seconds))
        }
        guard isRight else { throw VideoError.wrongPassword }
        return pass(for: id, viewer, until: end)
    }
}

/// Counts wrong passwords for a video, by the person who gives them and by the network that they come from.
struct UnlockAttempts: Sendable {
    static let limit = 10
    static let period: TimeInterval = 900

    private struct Guess<Source: Hashable & Sendable>: Hashable, Sendable {
        let video: VideoID
        let source: Source
    }

    private let ofPeople: AttemptLimiter<Guess<UserID>>
    private let ofNetworks: AttemptLimiter<Guess<IPNetwork>>

    init(now: @escaping @Sendable () -> Date) {
        ofPeople = AttemptLimiter(.atMost(Self.limit, within: Self.period), now: now)
        ofNetworks = AttemptLimiter(.atMost(Self.limit, within: Self.period), now: now)
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
