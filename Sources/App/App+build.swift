import Accounts
import Bus
import Cryptography
import Encoding
import FoundationEssentials
import Glibc
import HTTP
import HTTPClient
import Mail
import OpenIDConnect
import Reactor
import SQL
import Sandbox
import Security
import Storage
import Telemetry
import Videos
import Web

extension Server {
    /// Settings -> services -> routes: the only place where things are wired.
    ///
    /// - Parameter sandboxReport: starts a confined process and answers what is active in it.
    public static func build(
        _ settings: Settings, log: Log, sandboxReport: () throws -> SandboxReport = { try Sandbox().report() }
    ) async throws -> Server {
        let sandbox = SandboxCheck(accepting: settings.acceptedSandboxWeaknesses, report: sandboxReport)
        sandbox.write(to: log)
        var videoSettings = settings.videos
        videoSettings.fetchProxy = settings.outgoingProxy
        videoSettings.acceptsUploads = sandbox.acceptsUploads
        let data = settings.dataFolder
        try makePrivateFolder(data)
        try makePrivateFolder("\(data)/secrets")
        let loops = try EventLoopGroup(count: settings.loopCount)
        let pools = try Pools()
        do {
            let outgoing = OutgoingCounts()
            let board = settings.tlsNames.isEmpty ? nil : ChallengeBoard()
            if board != nil {
                try makePrivateFolder(settings.certificateFolder.path)
                try settings.certificateFolder.prepare(for: settings.tlsNames)
            }
            let certificates =
                settings.tlsIdentities.isEmpty
                ? nil
                : try Certificates(
                    settings.tlsIdentities, challenges: board?.certificates, pool: pools.files, log: log)
            let folder = try DataFolder(root: data, pool: pools.files, reserve: settings.diskReserveBytes)
            let storage = try settings.openStorage(
                folder, pool: pools.files, loops: loops, outgoing: outgoing, log: log)
            let trap = try CrashMark.arm(path: "\(data)/.trap")
            if let trap { log.error("the server before this one was ended by a trap", ["signal": .init(trap)]) }
            let kafka = try settings.kafka.map { try KafkaProducer($0) }
            let outbox = kafka.map { _ in Outbox(log: log) }
            let database = try await Database.open(settings.database, migrations: migrations)
            tellNewer(database, log)
            let installation = Installation(database: database)
            let secret: SigningSecret
            do {
                secret = try await installation.secret(at: "\(data)/secrets/signing.key")
                try await installation.claim(storage.places)
            } catch {
                await database.close()
                throw error
            }
            let redis = try redis(settings, secret, loops, log)
            if let redis { database.announceAlso(by: HearOthers.announcer(redis)) }
            let events = VideoEvents(loops)
            let revocations = GrantRevocations(lifetime: settings.videos.longestGrant)
            let followAccess = FollowAccess(revocations, events: events, now: { database.now })
            let mail = try MailServices(settings, database: database, log: log)
            var accountSettings = settings.accounts
            accountSettings.passwordPolicy = PasswordPolicy(
                settings.passwordRule, blocklist: PasswordList.load(log))
            let providerClients = try providerClients(settings, loops, outgoing)
            var foundation = AccountServices.Foundation(
                database: database, hasher: PasswordHasher(pool: pools.signIns), secret: secret,
                follow: { try followAccess($0, in: $1) }, facts: outbox, mail: mail?.queue, redis: redis?.limits,
                log: log)
            foundation.providers = outsideProviders(settings, providerClients, now: { database.now })
            foundation.proxyUsers = settings.proxyUsers
            foundation.makeTokenKey = { algorithm in try await pools.signIns.run { try PrivateKey(algorithm) } }
            let accounts = AccountServices(foundation, settings: accountSettings)
            try await accounts.tokenKeys.tend()
            let follow = FollowEncoding(
                events: events, facts: outbox, audit: accounts.audit, keeping: videoSettings.longestGrant,
                now: { database.now })
            let queue = EncodingQueue(settings.encoding, database, follow)
            let tools = try EncodingTools(settings: settings.encoding, loops: loops)
            let playback = EncodingPlayback(
                queue, storage: storage, loops: loops, patience: settings.encoding.segmentPatience)
            let callers = VideoCallers(
                identify: { request in try await accounts.callers.withoutDuty(of: request) },
                current: { caller in try await accounts.callers.current(caller) }, role: AccountServices.role(of:in:))
            let videos = VideoServices(
                VideoServices.Foundation(
                    database: database, storage: storage,
                    encoding: VideoEncoding(
                        queue, InspectUpload(tools), playback,
                        MakePictures(queue, playback: playback, tools: tools, storage: storage, log: log)),
                    callers: callers,
                    grants: GrantSigner(secret: secret), links: ShareLinks(secret: secret),
                    passwords: PasswordHasher(pool: pools.uploadPasswords),
                    unlocking: PasswordHasher(pool: pools.unlocking), loops: loops, pool: pools.files, facts: outbox,
                    audit: accounts.audit,
                    log: log, outgoing: outgoing, redis: redis?.limits),
                settings: videoSettings, revocations: revocations, events: events)
            try await videos.revocations.load()
            let services = Services(
                loops: loops, connections: ConnectionSet(loops), pools: pools, folder: folder, storage: storage,
                redis: redis, database: database, outbox: outbox, kafka: kafka, mail: mail, accounts: accounts,
                providerClients: providerClients, queue: queue,
                tools: tools,
                workers: EncodingWorkers(queue, tools: tools, storage: storage, log: log), videos: videos,
                events: events, requests: RequestMetrics(loops),
                connectionCounts: PerLoop(ConnectionCounts(), in: loops), certificates: certificates,
                renewal: try renewal(settings, board, certificates, loops, pools, outgoing, log), outgoing: outgoing,
                encodingTools: [settings.ffmpegPath, settings.ffprobePath], hasTrapped: trap != nil,
                isSafe: sandbox.acceptsUploads)
            let application = try routes(settings, services, log: log)
            return Server(settings: settings, application: application, services: services, log: log)
        } catch {
            await pools.shutdown()
            await loops.shutdown()
            throw error
        }
    }

    private static func routes(_ settings: Settings, _ services: Services, log: Log) throws -> Application {
        let web = try WebFolder.find(settings.webFolder)
        let pages = try PageRoutes(web, docs: settings.docs.access)
        var options = RouterBuilder.Options()
        options.errorPage = { problem, request in pages.errorPage(problem, request) }
        options.trustedProxies = settings.proxies
        options.isSecureOnly = settings.secureCookies
        options.strictTransport = !settings.tlsIdentities.isEmpty
        options.cors = CORSPolicy(allowedOrigins: Set(settings.corsOrigins))
        if let origin = services.storage.foreignOrigin {
            options.security = SecurityHeaders(pagePolicy: SecurityHeaders.pagePolicy(mediaFrom: origin))
        }
        options.metrics = services.requests
        options.accountOf = Caller.accountKey
        options.redis = services.redis?.limits
        let router = RouterBuilder(log: log, options: options, accessCheck: services.accounts.callers.accessCheck)
        services.accounts.addRoutes(to: router, belongings: services.videos.ofPerson.belongings)
        services.videos.addRoutes(to: router)
        HealthRoutes(services, metricsToken: settings.metricsToken).add(to: router)
        AdministrationRoutes(services, settings: settings).add(to: router)
        ConnectionRoutes(loops: services.loops).add(to: router)
        pages.add(to: router)
        try SharePages(
            pages.files, show: services.videos.sharedPage, security: options.security, settings: settings
        ).add(to: router)
        ContractRoutes(web: web, access: settings.docs.access, pool: services.pools.files).add(to: router)
        return try router.build()
    }

    /// Nil where none is set.
    private static func redis(
        _ settings: Settings, _ secret: SigningSecret, _ loops: EventLoopGroup, _ log: Log
    ) throws -> RedisBus? {
        guard let address = settings.redis else { return nil }
        if settings.databaseAddress == nil {
            log.warning(
                "PALCO_REDIS is for several servers, which need PALCO_DATABASE: this one has its data for itself alone")
        }
        return try RedisBus(address, key: secret.key(for: "redis"), on: loops.next(), log: log)
    }

    /// Nil where the operator brings certificates, or wants none.
    private static func renewal(
        _ settings: Settings, _ board: ChallengeBoard?, _ certificates: Certificates?, _ loops: EventLoopGroup,
        _ pools: Server.Pools, _ outgoing: OutgoingCounts, _ log: Log
    ) throws -> CertificateRenewal? {
        guard let board, let certificates else { return nil }
        var configuration = HTTPClient.Configuration()
        configuration.proxy = settings.outgoingProxy
        configuration.counts = outgoing
        configuration.certificateAuthorities = settings.acmeAuthorities
        if settings.acmeAuthorities != nil {
            // The operator named an authority of the house, which may stand anywhere.
            configuration.allowedNetworks = [IPNetwork("0.0.0.0/0"), IPNetwork("::/0")].compactMap { $0 }
        }
        return CertificateRenewal(
            names: settings.tlsNames, directory: settings.acmeDirectory, folder: settings.certificateFolder,
            board: board, client: try HTTPClient(group: loops, configuration: configuration),
            pool: pools.files, certificates: certificates, log: log
        ) { Int64(Date().timeIntervalSince1970) }
    }

    /// One for each provider, because each may stand elsewhere.
    private static func providerClients(
        _ settings: Settings, _ loops: EventLoopGroup, _ outgoing: OutgoingCounts
    ) throws -> [HTTPClient] {
        try settings.providers.map { provider in
            var configuration = HTTPClient.Configuration()
            configuration.proxy = settings.outgoingProxy
            configuration.counts = outgoing
            configuration.certificateAuthorities = provider.authorities
            configuration.allowedNetworks = provider.networks
            return try HTTPClient(group: loops, configuration: configuration)
        }
    }

    private static func outsideProviders(
        _ settings: Settings, _ clients: [HTTPClient], now: @escaping @Sendable () -> Date
    ) -> OutsideProviders {
        OutsideProviders(
            zip(settings.providers, clients).map { provider, client in
                OutsideProvider(
                    OpenIDProvider(provider.description, transport: ProviderTransport(client), now: now),
                    provider.rules)
            })
    }

    /// Only this user may look into it.
    static func makePrivateFolder(_ path: String) throws {
        var made = ""
        for component in path.split(separator: "/", omittingEmptySubsequences: false) {
            made +=
                made.isEmpty && component.isEmpty ? "/" : (made.isEmpty || made.hasSuffix("/") ? "" : "/") + component
            guard mkdir(made, 0o700) != 0, errno != EEXIST, errno != EISDIR else { continue }
            throw ServerError.folderUnavailable(path, String(cString: strerror(errno)))
        }
    }
}

public enum ServerError: Error, Sendable, CustomStringConvertible {
    case folderUnavailable(String, String)
    case webFolderMissing
    /// What a command wanted to do with an account cannot be done.
    case account(String)
    /// What `palco database copy` was given as a database is none.
    case databaseName
    case otherStorage
    /// The text that the storage's mark would have.
    case strangeStorage(String)
    /// The same where media lies in the data folder, and the database may have several servers.
    case otherFolder(String)
    /// The same of `palco storage copy` and what it was given as a storage.
    case storageName
    /// `palco storage move` was asked to follow a setting that is not there.
    case noStorageAlso
    /// `palco keys rotate` where no pair of keys signs.
    case noTokenKeys
    /// What keeps a storage from being wholly at its new place.
    case storageRest(String)
    /// What keeps a backup or an archive from being written or read.
    case archive(String)

    public var description: String {
        switch self {
        case .folderUnavailable(let path, let reason): "the folder \(path) cannot be made: \(reason)"
        case .account(let reason): reason
        case .databaseName: "a database is named like sqlite:data/palco.sqlite or postgres://user@host/name"
        case .otherStorage:
            "PALCO_STORAGE is the storage of another installation, and this server would remove all that its own database does not know: one of PALCO_STORAGE and PALCO_DATABASE is wrong"
        case .strangeStorage(let text):
            "PALCO_STORAGE is not the storage of this database's media. If what was there is lost and this one is to take its place, put a file with the name installation and the text \(text) into it"
        case .otherFolder(let text):
            "the films of this database lie in the data folder of another server, and this one would take work on films that it does not have: give all servers one storage by PALCO_STORAGE, a bucket or a folder that all have mounted. If that data folder was moved here or is lost, and this one is to take its place, put a file with the name installation and the text \(text) into it"
        case .storageName:
            "a storage is named like local:data or s3://bucket/prefix?endpoint=https://s3.example.org, and one of two at least is a folder"
        case .noStorageAlso:
            "there is nothing to move while servers run: PALCO_STORAGE_ALSO names the place that media is to leave for PALCO_STORAGE; without it stop the servers, and name both places by --from and --to"
        case .noTokenKeys:
            "PALCO_JWT_ALGORITHM is HS256: the installation's secret signs access tokens, and there are no keys that could change"
        case .storageRest(let text): text
        case .archive(let text): text
        case .webFolderMissing:
            "the folder of web pages was not found: set PALCO_WEB to the folder web of Palco's sources"
        }
    }
}
