import Accounts
import Bus
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Security
import Storage
import Telemetry
import Web

/// All that a server does with videos, wired: a use case each, which has what it needs and no more.
public struct VideoServices: Sendable {
    /// What the room stands on.
    public struct Foundation: Sendable {
        public var database: Database
        public var storage: StorageServices
        public var encoding: VideoEncoding
        public var callers: VideoCallers
        public var grants: GrantSigner
        /// Hashes the passwords that owners give to videos.
        public var passwords: PasswordHasher
        /// Checks those that viewers give; owners' work does not hold them up, nor the other way round.
        public var unlocking: PasswordHasher
        public var loops: EventLoopGroup
        /// Threads for work that takes longer than others on a loop may wait for.
        public var pool: BlockingPool
        /// Nil where no other system wants to know.
        public var facts: Outbox?
        public var audit: AuditLog
        public var log: Log
        /// The database's clock; tests set their own.
        public var now: @Sendable () -> Date
        /// Where limits are counted together with other servers; nil where each counts alone.
        public var redis: RedisLimits?
        /// What limits are counted by.
        public var clock: @Sendable () -> MonotonicTime

        public init(
            database: Database, storage: StorageServices, encoding: VideoEncoding, callers: VideoCallers,
            grants: GrantSigner, passwords: PasswordHasher, unlocking: PasswordHasher, loops: EventLoopGroup,
            pool: BlockingPool,
            facts: Outbox? = nil, audit: AuditLog, log: Log, redis: RedisLimits? = nil,
            now: (@Sendable () -> Date)? = nil,
            clock: @escaping @Sendable () -> MonotonicTime = { .now }
        ) {
            self.database = database
            self.storage = storage
            self.encoding = encoding
            self.callers = callers
            self.grants = grants
            self.passwords = passwords
            self.unlocking = unlocking
            self.loops = loops
            self.pool = pool
            self.facts = facts
            self.audit = audit
            self.log = log
            self.redis = redis
            self.now = now ?? { database.now }
            self.clock = clock
        }
    }

    let find: FindVideo
    let list: ListVideos
    let search: SearchVideos
    /// Takes into the index of the search what is not in it yet.
    let index: IndexVideos
    let change: ChangeVideo
    let remove: RemoveVideo
    let retry: RetryVideo
    let download: DownloadOriginal
    let vocabulary: VocabularyRoutes
    let captions: CaptionLists
    let captionRoutes: CaptionRoutes
    public let count: CountVideos
    public let ofPerson: VideosOfPerson
    /// Out of an archive.
    public let importVideo: ImportVideo

    let slots: UploadSlots
    let sessions: UploadSessions
    let createUpload: CreateUpload
    let receiveForm: ReceiveForm
    /// Finishes and removes what was left of uploads.
    public let recovery: RecoverUploads
    public let sweep: SweepBlobs

    public let revocations: ReadRevocations
    public let events: VideoEvents
    /// What other servers announce.
    public let hearing: HearVideos
    /// What is done beside the requests.
    public let upkeep: VideoUpkeep

    let searchRoutes: SearchRoutes
    let eventRoutes: EventRoutes
    let viewingRoutes: ViewingRoutes
    let playbackRoutes: PlaybackRoutes
    let uploadRoutes: UploadRoutes
    let personal: PersonalServices
    private let settings: VideoSettings
    /// Of what this server has in hand.
    private let holder = LeaseOwner()

    public init(
        _ foundation: Foundation, settings: VideoSettings, revocations: GrantRevocations, events: VideoEvents
    ) {
        self.settings = settings
        self.events = events
        let (database, storage, encoding) = (foundation.database, foundation.storage, foundation.encoding)
        let (callers, grants, passwords) = (foundation.callers, foundation.grants, foundation.passwords)
        let (loops, facts, log, now) = (foundation.loops, foundation.facts, foundation.log, foundation.now)
        let audit = foundation.audit

        // The catalogue.
        find = FindVideo(database: database)
        list = ListVideos(database: database)
        search = SearchVideos(database: database)
        index = IndexVideos(database: database, log: log)
        count = CountVideos(database: database)
        let revoke = RevokeGrants(revocations)
        change = ChangeVideo(
            database: database, find: find, passwords: passwords, revoke: revoke, events: events, audit: audit,
            now: now)
        remove = RemoveVideo(
            database: database, blobs: storage.blobs, find: find, encoding: encoding, revoke: revoke, events: events,
            facts: facts, audit: audit, now: now)
        retry = RetryVideo(database: database, find: find, encoding: encoding)
        download = DownloadOriginal(find: find, storage: storage, audit: audit)
        importVideo = ImportVideo(database: database, storage: storage, encoding: encoding, facts: facts)

        // Uploads.
        sessions = UploadSessions()
        slots = UploadSlots(database: database, settings: settings, holder: holder, log: log, now: now)
        createUpload = CreateUpload(
            slots: slots, staging: storage.uploads, passwords: passwords, settings: settings, now: now)
        let findUpload = FindUpload(database: database, now: now)
        let settle = SettleUpload(staging: storage.uploads)
        let hold = HoldUpload(
            sessions: sessions, claim: UploadClaim(database: database, holder: holder), loops: loops,
            patience: settings.lockPatience)
        let removeUpload = RemoveUpload(database: database, storage: storage, sessions: sessions, find: find)
        ofPerson = VideosOfPerson(database: database, remove: remove, hold: hold, removeUpload: removeUpload)
        let finish = FinishUpload(
            database: database, storage: storage, inspectFile: encoding.inspect, find: find, remove: removeUpload,
            sessions: sessions, callers: callers, holder: holder, events: events, facts: facts, loops: loops, now: now)
        receiveForm = ReceiveForm(
            staging: storage.uploads, sessions: sessions, slots: slots, finish: finish, remove: removeUpload,
            callers: callers, passwords: passwords, settings: settings, now: now)
        let receiveChunk = ReceiveChunk(
            database: database, staging: storage.uploads, settle: settle, callers: callers, settings: settings, now: now
        )
        sweep = SweepBlobs(database: database, storage: storage, settings: settings, log: log, now: now)
        recovery = RecoverUploads(
            database: database, storage: storage, hold: hold, settle: settle, finish: finish, remove: removeUpload,
            sweep: sweep, settings: settings, log: log, now: now)

        // Playback.
        let unlock = UnlockVideo(
            find: find, callers: callers, grants: grants, passwords: foundation.unlocking,
            attempts: UnlockAttempts(redis: foundation.redis, clock: foundation.clock), revocations: revocations,
            lifetime: settings.unlockLifetime, now: now)
        let proofs = UnlockProofs(grants: grants, revocations: revocations, now: now)
        let grant = GrantPlayback(
            find: find, callers: callers, grants: grants, proofs: proofs, revocations: revocations,
            lifetime: settings.grantLifetime, now: now)
        captions = CaptionLists(database: database, now: foundation.clock)
        let readCaptions = ReadCaptions(database: database, find: find, proofs: proofs, pool: foundation.pool)
        captionRoutes = CaptionRoutes(
            read: readCaptions,
            change: ChangeCaptions(
                database: database, find: find, lists: captions, index: index, events: events,
                pool: foundation.pool, now: now))
        personal = PersonalServices(foundation, revocations: revocations)

        self.revocations = ReadRevocations(database: database, revocations: revocations, now: now)
        hearing = HearVideos(
            database: database, revocations: self.revocations, events: events, sessions: sessions,
            captions: captions)
        vocabulary = VocabularyRoutes(
            database: database, change: ChangeVocabulary(database: database, index: index, audit: audit, now: now))
        upkeep = VideoUpkeep(
            recovery: recovery, index: index, revocations: self.revocations, events: events, watches: personal.write,
            settings: settings, loops: loops, log: log)

        searchRoutes = SearchRoutes(search: search, suggest: SuggestVideos(database: database))
        eventRoutes = EventRoutes(find: find, events: events, callers: callers)
        viewingRoutes = ViewingRoutes(
            play: PlayVideo(grant: grant, report: personal.report, captions: captions), unlock: unlock,
            unlockLifetime: settings.unlockLifetime)
        playbackRoutes = PlaybackRoutes(
            grant: grant,
            playlists: ServePlaylists(encoding: encoding, captions: captions, find: find, now: now),
            captions: readCaptions, encoding: encoding, keyUse: KeyUse(audit: audit))
        uploadRoutes = UploadRoutes(
            find: findUpload, create: createUpload, hold: hold, settle: settle, receive: receiveChunk, finish: finish,
            remove: removeUpload, sessions: sessions, callers: callers, settings: settings)
    }

    public func addRoutes(to router: RouterBuilder) {
        let videos = router.group("/api/v1/videos", access: .signedIn, context: ViewerContext.self)
        VideoRoutes(
            find: find, show: personal.show, list: list, change: change, remove: remove, retry: retry,
            download: download, receive: receiveForm, formLimit: settings.formLimit
        ).add(to: videos)
        searchRoutes.add(to: videos)
        eventRoutes.add(to: videos)
        viewingRoutes.add(to: videos)
        captionRoutes.add(to: videos)
        vocabulary.add(to: router)
        personal.addRoutes(to: router, videos)
        playbackRoutes.add(to: router)
        uploadRoutes.add(to: router)
    }

    /// Nothing is in hand any more.
    public func close() { holder.close() }
}
