import Accounts
import Encoding
import FoundationEssentials
import Glibc
import HTTP
import HTTPClient
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
            let storage = try LocalStorage(root: data, pool: pools.files, reserve: settings.diskReserveBytes)
            let leftovers = try storage.sweepLeftovers(work: [Encoder.workFolder])
            if leftovers > 0 { log.info("leftovers removed", ["count": .init(leftovers)]) }
            let trap = try CrashMark.arm(path: "\(data)/.trap")
            if let trap { log.error("the server before this one was ended by a trap", ["signal": .init(trap)]) }
            let secret = try SigningSecret.load(orCreateAt: "\(data)/secrets/signing.key")
            let database = try await Database.open(.file("\(data)/palco.sqlite"), migrations: migrations)
            let events = VideoEvents(loops)
            let revocations = GrantRevocations(lifetime: settings.grantLifetime)
            let accounts = Accounts(
                database: database, hasher: PasswordHasher(pool: pools.signIns), secret: secret,
                settings: settings.accounts, log: log,
                follow: { change, transaction in
                    try VideoCatalogue.follow(change, in: transaction, revocations: revocations, events: events)
                })
            let encoder = try Encoder(
                settings: settings.encoding, database: database, storage: storage, loops: loops, log: log
            ) { transaction, id, change in
                try VideoCatalogue.follow(VideoProgress(change), of: id.video, in: transaction, events: events)
            }
            let videos = VideoCatalogue(
                VideoCatalogue.Foundation(
                    database: database, storage: storage, encoding: VideoEncoding(encoder),
                    grants: GrantSigner(secret: secret), passwords: PasswordHasher(pool: pools.uploadPasswords),
                    unlocking: PasswordHasher(pool: pools.unlocking), loops: loops,
                    identify: { request in try await accounts.caller(of: request) },
                    current: { caller in try await accounts.current(caller) }, role: Accounts.role(of:in:), log: log),
                settings: videoSettings, revocations: revocations, events: events)
            try await videos.loadRevocations()
            let services = Services(
                loops: loops, connections: ConnectionSet(loops), pools: pools, storage: storage, database: database,
                accounts: accounts, encoder: encoder, videos: videos, events: events, requests: RequestMetrics(loops),
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
        let pages = try PageRoutes(web)
        var options = RouterBuilder.Options()
        options.errorPage = { problem, request in pages.errorPage(problem, request) }
        options.trustedProxies = settings.proxies
        options.isSecureOnly = settings.secureCookies
        options.strictTransport = !settings.tlsIdentities.isEmpty
        options.cors = CORSPolicy(allowedOrigins: Set(settings.corsOrigins))
        options.metrics = services.requests
        options.accountOf = Accounts.accountKey
        let router = RouterBuilder(log: log, options: options, accessCheck: services.accounts.accessCheck)
        services.accounts.addRoutes(to: router)
        services.videos.addRoutes(to: router)
        HealthRoutes(services, metricsToken: settings.metricsToken).add(to: router)
        ConnectionRoutes(loops: services.loops).add(to: router)
        pages.add(to: router)
        ContractRoutes(web: web).add(to: router)
        return try router.build()
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

    public var description: String {
        switch self {
        case .folderUnavailable(let path, let reason): "the folder \(path) cannot be made: \(reason)"
        case .account(let reason): reason
        case .webFolderMissing:
            "the folder of web pages was not found: set PALCO_WEB to the folder web of Palco's sources"
        }
    }
}
