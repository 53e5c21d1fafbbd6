import Accounts
import Bus
import FoundationEssentials
import HTTP
import HTTPClient
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
        public var links: ShareLinks
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
        /// Of all requests to other servers.
        public var outgoing = OutgoingCounts()
        /// Where limits are counted together with other servers; nil where each counts alone.
        public var redis: RedisLimits?
        /// What limits are counted by.
        public var clock: @Sendable () -> MonotonicTime

        public init(
            database: Database, storage: StorageServices, encoding: VideoEncoding, callers: VideoCallers,
            grants: GrantSigner, links: ShareLinks, passwords: PasswordHasher, unlocking: PasswordHasher,
            loops: EventLoopGroup, pool: BlockingPool,
            facts: Outbox? = nil, audit: AuditLog, log: Log, outgoing: OutgoingCounts = OutgoingCounts(),
            redis: RedisLimits? = nil,
            now: (@Sendable () -> Date)? = nil,
            clock: @escaping @Sendable () -> MonotonicTime = { .now }
        ) {
            self.database = database
            self.storage = storage
            self.encoding = encoding
            self.callers = callers
            self.grants = grants
            self.links = links
            self.passwords = passwords
            self.unlocking = unlocking
            self.loops = loops
            self.pool = pool
            self.facts = facts
            self.audit = audit
            self.log = log
            self.redis = redis
            self.outgoing = outgoing
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
    let trash: TrashVideo
    let remove: RemoveVideo
    let endReplacement: EndReplacement
    let removeVersions: RemoveVersions
    let trashRoutes: TrashRoutes
    let batchRoutes: BatchRoutes
    let retry: RetryVideo
    let download: DownloadOriginal
    let downloadRendition: DownloadRendition
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
    let beginFetch: BeginFetch
    public let fetches: RunFetches
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
    let pictureRoutes: PictureRoutes
    let uploadRoutes: UploadRoutes
    let personal: PersonalServices
    let shareRoutes: ShareRoutes
    public let sharedPage: ShowSharedPage
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
        index = IndexVideos(database: database, log: log, captionsOfFilm: encoding.captionsOfFilm)
        count = CountVideos(database: database)
        let revoke = RevokeGrants(revocations)
        change = ChangeVideo(
            database: database, find: find, passwords: passwords, revoke: revoke, events: events, audit: audit,
            now: now)
        let endReplacement = EndReplacement(
            database: database, storage: storage, find: find, encoding: encoding, events: events, now: now)
        self.endReplacement = endReplacement
        trash = TrashVideo(
            database: database, storage: storage, find: find, encoding: encoding, endReplacement: endReplacement,
            revoke: revoke, events: events,
            facts: facts, audit: audit, now: now)
        remove = RemoveVideo(
            database: database, storage: storage, find: find, encoding: encoding, endReplacement: endReplacement,
            revoke: revoke, events: events,
            facts: facts, audit: audit, lifetime: settings.trashLifetime, log: log, now: now)
        let restore = RestoreVideo(
            database: database, index: index, encoding: encoding, events: events, facts: facts, audit: audit,
            lifetime: settings.trashLifetime, now: now)
        trashRoutes = TrashRoutes(
            list: ListTrash(database: database, lifetime: settings.trashLifetime, now: now),
            restore: restore,
            remove: remove)
        batchRoutes = BatchRoutes(change: ChangeVideos(change: change, trash: trash, restore: restore))
        retry = RetryVideo(
            database: database, find: find, encoding: encoding, settings: settings, events: events, now: now)
        let proofs = UnlockProofs(database: database, grants: grants, revocations: revocations, now: now)
        download = DownloadOriginal(find: find, proofs: proofs, storage: storage, audit: audit)
        downloadRendition = DownloadRendition(find: find, callers: callers, proofs: proofs, encoding: encoding)
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
        let removeUpload = RemoveUpload(database: database, storage: storage, sessions: sessions)
        ofPerson = VideosOfPerson(database: database, remove: remove, hold: hold, removeUpload: removeUpload)
        let endFetch = EndFetch(events: events, facts: facts, now: now)
        let finish = FinishUpload(
            database: database, storage: storage,
            replace: ReplaceFile(database: database, callers: callers, events: events, now: now),
            inspectFile: encoding.inspect, find: find, remove: removeUpload,
            sessions: sessions, callers: callers, holder: holder, events: events, facts: facts, fetched: endFetch,
            loops: loops, now: now)
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

        // Files of other servers.
        var source = HTTPClient.Configuration()
        source.allowedNetworks = settings.fetchNetworks
        source.proxy = settings.fetchProxy
        source.counts = foundation.outgoing
        let client = FetchClient(loops: loops, configuration: source)
        beginFetch = BeginFetch(
            database: database, client: client, callers: callers, passwords: passwords, settings: settings,
            events: events, now: now)
        fetches = RunFetches(
            database: database, storage: storage,
            receive: ReceiveSource(
                database: database, staging: storage.uploads, client: client, settings: settings),
            finish: finish, end: endFetch, hold: hold, sessions: sessions, callers: callers, client: client,
            settings: settings, holder: holder, loops: loops, log: log, now: now)

        // Pictures.
        let findPicture = FindPicture(
            database: database, storage: storage, encoding: encoding,
            turns: PictureTurns(redis: foundation.redis, clock: foundation.clock))
        pictureRoutes = PictureRoutes(
            find: findPicture,
            change: ChangePoster(
                database: database, storage: storage, encoding: encoding, find: find, events: events, now: now))

        // Playback.
        let unlock = UnlockVideo(
            database: database, find: find, callers: callers, grants: grants, passwords: foundation.unlocking,
            attempts: UnlockAttempts(redis: foundation.redis, clock: foundation.clock), revocations: revocations,
            lifetime: settings.unlockLifetime, now: now)
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

        // Links.
        let open = OpenShare(
            database: database, callers: callers, links: foundation.links, grants: grants,
            passwords: foundation.unlocking,
            attempts: ShareAttempts(redis: foundation.redis, clock: foundation.clock), revocations: revocations,
            captions: captions, settings: settings, now: now)
        sharedPage = ShowSharedPage(open: open)
        shareRoutes = ShareRoutes(
            manage: ManageShares(
                database: database, find: find, callers: callers, passwords: passwords, revoke: revoke, audit: audit,
                now: now),
            open: open, links: foundation.links, pictures: findPicture, site: settings.site)

        self.revocations = ReadRevocations(database: database, revocations: revocations, now: now)
        hearing = HearVideos(
            database: database, revocations: self.revocations, events: events, sessions: sessions,
            captions: captions)
        vocabulary = VocabularyRoutes(
            database: database, change: ChangeVocabulary(database: database, index: index, audit: audit, now: now))
        removeVersions = RemoveVersions(
            database: database, storage: storage, encoding: encoding, log: log, now: now)
        upkeep = VideoUpkeep(
            recovery: recovery, remove: remove, removeVersions: removeVersions, index: index,
            revocations: self.revocations, events: events,
            watches: personal.write, fetches: fetches, database: database, now: now, settings: settings, loops: loops,
            log: log)

        searchRoutes = SearchRoutes(
            search: search, suggest: SuggestVideos(database: database),
            related: RelatedVideos(database: database, find: find))
        eventRoutes = EventRoutes(find: find, events: events, callers: callers)
        viewingRoutes = ViewingRoutes(
            play: PlayVideo(grant: grant, report: personal.report, captions: captions), unlock: unlock,
            unlockLifetime: settings.unlockLifetime,
            countUnlocks: CountAccessSessions(database: database, find: find, now: now),
            endUnlocks: EndAccessSessions(
                database: database, revoke: revoke, events: events, audit: audit, now: now))
        playbackRoutes = PlaybackRoutes(
            grant: grant,
            playlists: ServePlaylists(encoding: encoding, captions: captions, find: find, now: now),
            captions: readCaptions, encoding: encoding, pictures: pictureRoutes, keyUse: KeyUse(audit: audit))
        uploadRoutes = UploadRoutes(
            find: findUpload, create: createUpload, hold: hold, settle: settle, receive: receiveChunk, finish: finish,
            remove: removeUpload, sessions: sessions, callers: callers, settings: settings)
    }

    public func addRoutes(to router: RouterBuilder) {
        let videos = router.group("/api/v1/videos", access: .signedIn, context: ViewerContext.self)
        VideoRoutes(
            find: find, show: personal.show, list: list, change: change, trash: trash, retry: retry,
            endReplacement: endReplacement, download: download, downloadRendition: downloadRendition,
            receive: receiveForm, beginFetch: beginFetch,
            formLimit: settings.formLimit
        ).add(to: videos)
        batchRoutes.add(to: videos)
        searchRoutes.add(to: videos)
        eventRoutes.add(to: videos)
        viewingRoutes.add(to: videos)
        captionRoutes.add(to: videos)
        shareRoutes.add(to: router, videos)
        trashRoutes.add(to: router)
        vocabulary.add(to: router)
        personal.addRoutes(to: router, videos)
        playbackRoutes.add(to: router)
        pictureRoutes.addChanges(to: videos)
        uploadRoutes.add(to: router)
    }

    /// Nothing is in hand any more.
    public func close() { holder.close() }
}
