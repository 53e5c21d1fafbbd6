import Accounts
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Security
import Storage
import Telemetry

/// The room of videos: the catalogue, its uploads and its playback, on top of what `App` hands over.
public final class VideoCatalogue: Sendable {
    /// What the room stands on.
    public struct Foundation: Sendable {
        public var database: Database
        public var storage: LocalStorage
        public var encoding: VideoEncoding
        public var grants: GrantSigner
        /// Hashes the passwords that owners give to videos.
        public var passwords: PasswordHasher
        /// Checks those that viewers give; owners' work does not hold them up, nor the other way round.
        public var unlocking: PasswordHasher
        public var loops: EventLoopGroup
        /// Who sends a request that came without a grant.
        public var identify: @Sendable (Request) async throws -> Caller?
        /// Who a caller is by now; nil once the session is over. Asked often, so it should come from memory.
        public var current: @Sendable (Caller) async throws -> Caller?
        /// The role that a person has in a transaction; nil for people who may not be here.
        public var role: @Sendable (UserID, ReadAccess) throws -> Role?
        public var log: Log
        /// The wall clock; tests set their own.
        public var now: @Sendable () -> Date
        /// What limits are counted by.
        public var clock: @Sendable () -> MonotonicTime

        public init(
            database: Database, storage: LocalStorage, encoding: VideoEncoding, grants: GrantSigner,
            passwords: PasswordHasher, unlocking: PasswordHasher, loops: EventLoopGroup,
            identify: @escaping @Sendable (Request) async throws -> Caller?,
            current: @escaping @Sendable (Caller) async throws -> Caller?,
            role: @escaping @Sendable (UserID, ReadAccess) throws -> Role?, log: Log,
            now: @escaping @Sendable () -> Date = { Date() },
            clock: @escaping @Sendable () -> MonotonicTime = { .now }
        ) {
            self.database = database
            self.storage = storage
            self.encoding = encoding
            self.grants = grants
            self.passwords = passwords
            self.unlocking = unlocking
            self.loops = loops
            self.identify = identify
            self.current = current
            self.role = role
            self.log = log
            self.now = now
            self.clock = clock
        }
    }

    let foundation: Foundation
    let settings: VideoSettings
    let store = VideoStore()
    let uploads = UploadStore()
    let sessions = UploadSessions()
    let unlockAttempts: UnlockAttempts
    let revocations: GrantRevocations
    let playlists = KeptPlaylists()
    public let events: VideoEvents

    var database: Database { foundation.database }
    var storage: LocalStorage { foundation.storage }
    var encoding: VideoEncoding { foundation.encoding }
    var log: Log { foundation.log }
    var revokeGrants: RevokeGrants { RevokeGrants(revocations) }
    func now() -> Date { foundation.now() }

    public init(
        _ foundation: Foundation, settings: VideoSettings, revocations: GrantRevocations, events: VideoEvents
    ) {
        self.foundation = foundation
        self.settings = settings
        self.revocations = revocations
        self.events = events
        unlockAttempts = UnlockAttempts(clock: foundation.clock)
    }

    /// A caller as of now.
    ///
    /// - Throws: `VideoError.signInNeeded` once the session is over or its person may not be here.
    func stillThere(_ caller: Caller) async throws -> Caller {
        guard let caller = try await foundation.current(caller) else { throw VideoError.signInNeeded }
        return caller
    }

    /// Keeps the catalogue in step with the encoder, inside the encoder's own transaction.
    public static func follow(
        _ progress: VideoProgress, of id: VideoID, in transaction: Transaction, events: VideoEvents
    ) throws {
        let store = VideoStore()
        try store.apply(progress, to: id, at: Date(), in: transaction)
        guard let video = try store.find(id, in: transaction) else { return }
        transaction.afterCommit { events.publish(VideoEvent(about: video)) }
    }

    static func blob(of id: UploadID) -> BlobKey? { BlobKey("uploads/\(id)") }
    static func folder(of id: VideoID) -> BlobKey? { BlobKey("videos/\(id)") }
    static func original(of id: VideoID) -> BlobKey? { BlobKey("videos/\(id)/original") }
}
