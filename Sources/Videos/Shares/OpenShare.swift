import Accounts
import Bus
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Security
import Web

/// A link that was followed, with what it leads to.
struct FoundShare: Sendable {
    var share: Share
    var video: Video
    /// Who made it, as of now; nil once that person may not be here.
    var maker: Viewer?

    /// The hash of the one password that it asks for: that of the video, or else its own.
    var passwordHash: String? { share.replacesPassword ? share.passwordHash : video.passwordHash ?? share.passwordHash }

    func decide(_ door: VideoAccess.Door, isUnlocked: Bool = false) -> VideoAccess.Decision {
        VideoAccess.decide(share.holder(madeBy: maker), video.subject, door, isUnlocked: isUnlocked)
    }
}

extension Share {
    /// Who comes by it, as the policy sees them.
    func holder(madeBy maker: Viewer?) -> VideoAccess.LinkHolder {
        VideoAccess.LinkHolder(maker: maker, hasPassword: passwordHash != nil, replacesPassword: replacesPassword)
    }
}

/// Follows links: for whoever has one, whether or not they have an account.
struct OpenShare: Sendable {
    let database: Database
    let callers: VideoCallers
    let links: ShareLinks
    let grants: GrantSigner
    let passwords: PasswordHasher
    let attempts: ShareAttempts
    let revocations: GrantRevocations
    let captions: CaptionLists
    /// The longest that a grant is good.
    let lifetime: Duration
    /// How long a password is remembered.
    let unlockLifetime: Duration
    let now: @Sendable () -> Date
    private let store = ShareStore()
    private let videos = VideoStore()

    init(
        database: Database, callers: VideoCallers, links: ShareLinks, grants: GrantSigner, passwords: PasswordHasher,
        attempts: ShareAttempts, revocations: GrantRevocations, captions: CaptionLists, settings: VideoSettings,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.callers = callers
        self.links = links
        self.grants = grants
        self.passwords = passwords
        self.attempts = attempts
        self.revocations = revocations
        self.captions = captions
        lifetime = settings.grantLifetime
        unlockLifetime = settings.unlockLifetime
        self.now = now
    }

    /// What a link leads to, while it may be followed. Nothing is counted.
    ///
    /// - Throws: `ShareError.notFound`, `over`.
    private func look(_ token: String) async throws -> FoundShare {
        guard let id = links.share(of: token) else { throw ShareError.notFound }
        let found = try await database.read { try followed(id, in: $0) }
        if found.share.isExpired(at: now()) { throw ShareError.over }
        return found
    }

    /// The same, where a view may still be begun.
    func find(_ token: String) async throws -> FoundShare {
        let found = try await look(token)
        if found.share.isUsedUp { throw ShareError.over }
        return found
    }

    private func followed(_ id: ShareID, in access: ReadAccess) throws -> FoundShare {
        guard let share = try store.find(id, in: access), let video = try videos.find(share.video, in: access) else {
            throw ShareError.notFound
        }
        let maker = try callers.role(share.maker, access).map { Viewer(id: share.maker, role: $0) }
        let found = FoundShare(share: share, video: video, maker: maker)
        try Self.check(found.decide(.details))
        return found
    }

    /// Gives a grant for the video's parts, and counts a view. Who sends the grant of a view that goes on gets it back, and nothing is
    /// counted or asked for again.
    ///
    /// - Returns: no pass while the video cannot be played.
    /// - Throws: `ShareError`; `VideoError.tooManyPasswords` after several wrong ones from this network for this link.
    func play(
        _ token: String, password: String?, going grant: String?, from address: SocketAddress
    ) async throws -> (pass: PlaybackPass?, found: FoundShare) {
        let first = try await look(token)
        if let pass = running(grant, of: first.share) { return (pass, first) }
        if first.share.isUsedUp { throw ShareError.over }
        // Before the policy is asked for the last time: whoever changes something after them ends the grant.
        let marks = revocations.marks(of: first.video.id, for: first.share.maker)
        let hash = first.passwordHash
        if let hash { try await check(password, against: hash, of: first.share.id, from: address) }
        let time = now()
        let (found, isPlayable) = try await database.write { transaction in
            let found = try followed(first.share.id, in: transaction)
            // Another password than the one that was given just now is to be asked for.
            guard found.passwordHash == hash else { throw ShareError.locked }
            try Self.check(found.decide(.play, isUnlocked: hash != nil))
            guard found.video.status == .ready else { return (found, false) }
            guard try store.takeView(of: found.share.id, at: time, in: transaction) else { throw ShareError.over }
            return (found, true)
        }
        guard isPlayable else { return (nil, found) }
        // What the playlists tell is in memory by the time that they are asked for.
        _ = try await captions(found.video.id)
        return (pass(for: found, marks, at: time), found)
    }

    /// What a password opened does not stay open for longer than the password is remembered, and nothing longer than the link.
    private func pass(for found: FoundShare, _ marks: (video: UInt32, person: UInt32), at time: Date) -> PlaybackPass {
        var end = time.wholeSeconds + lifetime.components.seconds
        if found.passwordHash != nil { end = min(end, time.wholeSeconds + unlockLifetime.components.seconds) }
        if let expiresAt = found.share.expiresAt { end = min(end, expiresAt.wholeSeconds) }
        // It ends with the right of the link's maker; and the link stands where a sign-in stands in other grants, so that revoking ends it.
        let grant = Grant(
            .sharedPlayback, subject: found.video.id, holder: found.share.maker, session: found.share.id,
            subjectMark: marks.video, holderMark: marks.person, expiresAt: end)
        return PlaybackPass(grant.playing(found.video), signedBy: grants)
    }

    private func running(_ token: String?, of share: Share) -> PlaybackPass? {
        guard let token,
            let grant = try? grants.verify(token, for: share.video, .sharedPlayback, now: now().wholeSeconds),
            grant.session == share.id.short, revocations.isGood(grant)
        else { return nil }
        return PlaybackPass(grant, token)
    }

    private func check(
        _ password: String?, against stored: String, of id: ShareID, from address: SocketAddress
    ) async throws {
        guard let password else { throw ShareError.locked }
        let hash = try PasswordHash(encoded: stored)
        let isRight: Bool
        do {
            isRight = try await attempts.check(id, from: address.network) {
                try await passwords.verify(password, against: hash, for: .network(address.network))
            }
        } catch let error as TooManyAttempts {
            throw VideoError.tooManyPasswords(error)
        }
        guard isRight else { throw ShareError.wrongPassword }
    }

    static func check(_ decision: VideoAccess.Decision) throws(ShareError) {
        switch decision {
        case .allowed: return
        case .locked: throw .locked
        // Nobody who has a link is told what of the video is not for them.
        case .signInNeeded, .hidden, .forbidden: throw .notFound
        }
    }
}

/// Counts wrong passwords for a link by the network that they come from: nobody is known who gives them.
struct ShareAttempts: Sendable {
    private struct Guess: Hashable, Sendable {
        let share: ShareID
        let network: IPNetwork
    }

    private let ofNetworks: SharedBuckets<Guess>

    init(redis: RedisLimits?, clock: @escaping @Sendable () -> MonotonicTime) {
        ofNetworks = SharedBuckets(
            "share_networks", burst: UnlockAttempts.limit, interval: UnlockAttempts.interval, redis: redis, clock: clock
        ) { "\($0.share) \($0.network)" }
    }

    /// - Throws: `TooManyAttempts`; what `isRight` throws.
    func check(_ share: ShareID, from network: IPNetwork, _ isRight: () async throws -> Bool) async throws -> Bool {
        try await ofNetworks.check(Guess(share: share, network: network), isRight)
    }
}
