import Accounts
import Bus
import Cryptography
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Security
import Web

/// The proofs that viewers gave passwords of videos.
struct UnlockProofs: Sendable {
    let database: Database
    let grants: GrantSigner
    let revocations: GrantRevocations
    let now: @Sendable () -> Date
    private let sessions = AccessSessionStore()

    init(
        database: Database, grants: GrantSigner, revocations: GrantRevocations, now: @escaping @Sendable () -> Date
    ) {
        (self.database, self.grants, self.revocations, self.now) = (database, grants, revocations, now)
    }

    static func cookie(of id: VideoID) -> String { "palco_unlock_\(id)" }

    /// The proof that this viewer gave the video's password: a cookie, or a token in a header field or the address.
    /// A proof for a password that was changed since is none, and neither is one that the owner has ended. Only a request with a
    /// proof that is signed asks the database.
    func find(of video: Video, _ request: Request, _ viewer: Viewer) async throws -> Grant? {
        guard let proof = signed(for: video, request, viewer) else { return nil }
        let moment = now()
        let isLive = try await database.read { try sessions.isLive(video.id, of: viewer.id, at: moment, in: $0) }
        return isLive ? proof : nil
    }

    private func signed(for video: Video, _ request: Request, _ viewer: Viewer) -> Grant? {
        guard video.passwordHash != nil else { return nil }
        let tokens = [
            request.cookies[Self.cookie(of: video.id)], request.headers["X-Video-Unlock"], request.query["unlock"],
        ]
        for token in tokens.compactMap(\.self) {
            let grant = try? grants.verify(token, for: video.id, .unlock, now: now().wholeSeconds)
            guard let grant, grant.holder == viewer.id.short, revocations.isHolderGood(of: grant) else { continue }
            if grant.subjectMark == Self.mark(ofPasswordHash: video.passwordHash) { return grant }
        }
        return nil
    }

    /// Tells passwords apart without telling anything about them: the hash is salted.
    static func mark(ofPasswordHash hash: String?) -> UInt32 {
        guard let hash else { return 0 }
        return SHA256.hash(hash).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Checks a video's password, and gives a proof to whoever knows it.
struct UnlockVideo: Sendable {
    let database: Database
    let find: FindVideo
    let callers: VideoCallers
    let grants: GrantSigner
    let passwords: PasswordHasher
    let attempts: UnlockAttempts
    let revocations: GrantRevocations
    /// How long a password is remembered.
    let lifetime: Duration
    let now: @Sendable () -> Date
    private let videos = VideoStore()
    private let sessions = AccessSessionStore()

    init(
        database: Database, find: FindVideo, callers: VideoCallers, grants: GrantSigner, passwords: PasswordHasher,
        attempts: UnlockAttempts, revocations: GrantRevocations, lifetime: Duration,
        now: @escaping @Sendable () -> Date
    ) {
        (self.database, self.find, self.callers, self.grants) = (database, find, callers, grants)
        (self.passwords, self.attempts, self.revocations) = (passwords, attempts, revocations)
        (self.lifetime, self.now) = (lifetime, now)
    }

    /// - Throws: `VideoError.wrongPassword`; `tooManyPasswords` after several wrong ones of this person, or from this network,
    ///   for this video.
    func callAsFunction(
        _ id: VideoID, password: String, from address: SocketAddress, by caller: Caller
    ) async throws -> PlaybackPass {
        let holderMark = revocations.marks(of: id, for: caller.userID).person
        let caller = try await callers.stillThere(caller)
        let video = try await find(id, for: Viewer(caller), through: .details)
        let grant = Grant(
            .unlock, subject: id, holder: caller.userID, session: caller.sessionID,
            subjectMark: UnlockProofs.mark(ofPasswordHash: video.passwordHash), holderMark: holderMark,
            expiresAt: now().wholeSeconds + lifetime.components.seconds)
        let proof = PlaybackPass(grant, signedBy: grants)
        guard let stored = video.passwordHash else { return proof }
        let hash = try PasswordHash(encoded: stored)
        let isRight: Bool
        do {
            isRight = try await attempts.check(video: id, by: caller.userID, from: address.network) {
                try await passwords.verify(password, against: hash, for: .network(address.network))
            }
        } catch let error as TooManyAttempts {
            throw VideoError.tooManyPasswords(error)
        }
        guard isRight else { throw VideoError.wrongPassword }
        try await keep(proof, of: caller, givenFor: stored)
        return proof
    }

    /// - Parameter hash: of the password that was given.
    private func keep(_ proof: PlaybackPass, of caller: Caller, givenFor hash: String) async throws {
        let session = AccessSession(
            video: proof.video, session: caller.sessionID, person: caller.userID, beganAt: now(),
            expiresAt: Date(timeIntervalSince1970: TimeInterval(proof.expiresAt)))
        try await database.write { transaction in
            // Much may have changed while the hash was made, which takes long.
            guard try callers.role(caller.userID, transaction) != nil else { throw VideoError.signInNeeded }
            guard try videos.passwordHash(of: session.video, in: transaction) == hash else {
                throw VideoError.wrongPassword
            }
            try sessions.put(session, in: transaction)
        }
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

    private let ofPeople: SharedBuckets<Guess<UserID>>
    private let ofNetworks: SharedBuckets<Guess<IPNetwork>>

    init(redis: RedisLimits?, clock: @escaping @Sendable () -> MonotonicTime) {
        ofPeople = SharedBuckets(
            "unlock_people", burst: Self.limit, interval: Self.interval, redis: redis, clock: clock
        ) { "\($0.video) \($0.source)" }
        ofNetworks = SharedBuckets(
            "unlock_networks", burst: Self.limit, interval: Self.interval, redis: redis, clock: clock
        ) { "\($0.video) \($0.source)" }
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
