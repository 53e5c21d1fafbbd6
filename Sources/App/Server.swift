import Accounts
import Bus
import Encoding
import HTTP
import HTTPClient
import Mail
import Reactor
import SQL
import Storage
import Telemetry
import Videos
import Web

/// All services of one Palco, wired. `build` makes it, `serve` lets it work, and tests do the same.
public final class Server: Sendable {
    public let settings: Settings
    /// Every route, callable without a socket.
    public let application: Application
    let services: Services
    let log: Log

    /// What was started, in the order of starting.
    struct Services: Sendable {
        let loops: EventLoopGroup
        let stopping = Stopping()
        /// Of people and programs that ask for something.
        let connections: ConnectionSet
        let pools: Pools
        let folder: DataFolder
        let storage: StorageServices
        /// Nil where there is none.
        let redis: RedisBus?
        let database: Database
        /// What other systems are told, and by which way; nil where none wants to know.
        let outbox: Outbox?
        let kafka: KafkaProducer?
        /// Nil where no mail is set up.
        let mail: MailServices?
        let accounts: AccountServices
        /// To providers of identities.
        let providerClients: [HTTPClient]
        let queue: EncodingQueue
        let tools: EncodingTools
        let workers: EncodingWorkers
        let videos: VideoServices
        let events: VideoEvents
        /// What is answered, and over how many connections.
        let requests: RequestMetrics
        let connectionCounts: PerLoop<ConnectionCounts>
        /// Nil where no https is spoken.
        let certificates: Certificates?
        /// Nil where nobody issues them for this server.
        let renewal: CertificateRenewal?
        /// What other servers were asked.
        let outgoing: OutgoingCounts
        /// The programs that encoding needs.
        let encodingTools: [String]
        /// The process before was ended by a trap of its own.
        let hasTrapped: Bool
        /// What reads strangers' files is confined, or the operator accepts that it is not.
        let isSafe: Bool
    }

    /// Threads that may wait.
    struct Pools: Sendable {
        /// Files being written and read.
        let files: BlockingPool
        /// Parts of files that a viewer waits for and that are not in memory.
        let warming: BlockingPool
        // A check of a password takes 19 MiB while it runs. One thread for each purpose, so that none holds up the others.
        let signIns: BlockingPool
        let unlocking: BlockingPool
        let uploadPasswords: BlockingPool

        var all: [BlockingPool] { [files, warming, signIns, unlocking, uploadPasswords] }

        init() throws {
            files = try BlockingPool(name: "files", threads: 4)
            warming = try BlockingPool(name: "warming", threads: 2)
            signIns = try BlockingPool(name: "sign-ins", threads: 1)
            unlocking = try BlockingPool(name: "unlocking", threads: 1)
            uploadPasswords = try BlockingPool(name: "upload-passwords", threads: 1)
        }

        func shutdown() async {
            await uploadPasswords.shutdown()
            await unlocking.shutdown()
            await signIns.shutdown()
            await warming.shutdown()
            await files.shutdown()
        }
    }

    /// The tables of all rooms, in the order in which they refer to each other.
    public static let migrations: [MigrationSet] = [
        AccountServices.migrations, VideoStore.migrations, EncodingQueue.migrations, ServerLease.migrations,
        Outbox.migrations, MailQueue.migrations, Installation.migrations,
    ]

    init(settings: Settings, application: Application, services: Services, log: Log) {
        self.settings = settings
        self.application = application
        self.services = services
        self.log = log
    }

    /// What the sandbox lets Palco itself do with strangers' media.
    public static let mediaReaderName = MediaReader.name

    /// The work of a confined process; answers its exit status.
    public static func readMedia(_ arguments: [String]) -> Int32 { MediaReader.run(arguments) }

    /// Makes the first administrator when there is none.
    public func ensureAdministrator() async throws -> NewAdministrator? {
        try await services.accounts.administrators.first(email: settings.adminEmail, password: settings.adminPassword)
    }

    /// Listens, works until `end` returns, finishes what is in flight and stops everything in reverse order.
    ///
    /// - Parameter started: told the ports once requests are taken.
    public func serve(
        started: (_ ports: Ports) throws -> Void, until end: @escaping @Sendable () async -> Void
    ) async throws {
        do {
            try await work(started: started, until: end)
        } catch {
            await stop()
            throw error
        }
        await stop()
    }

    private func work(
        started: (_ ports: Ports) throws -> Void, until end: @escaping @Sendable () async -> Void
    ) async throws {
        // Before the first request, so that what a request makes is not taken for a leftover.
        let inventory = try await services.videos.recovery.takeInventory(afterTrap: services.hasTrapped)
        try await RecordSettings(audit: services.accounts.audit, settings: settings)()
        let listening = try listen()
        for server in listening.servers { server.start() }
        try started(listening.ports)
        let (videos, workers, loop) = (services.videos, services.workers, services.loops.next())
        let (accounts, hasTrapped, isSafe) = (services.accounts, services.hasTrapped, services.isSafe)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { try await workers.run(afterTrap: hasTrapped, isSafe: isSafe) }
            group.addTask(executorPreference: loop) { await accounts.upkeep.run(on: loop) }
            let audit = KeepAudit(accounts.audit, days: settings.auditDays, log: log)
            group.addTask(executorPreference: loop) { await audit.run(on: loop) }
            group.addTask(executorPreference: loop) { await accounts.tokenKeys.run(on: loop) }
            group.addTask(executorPreference: loop) { await videos.upkeep.run(inventory) }
            let others = HearOthers(
                database: services.database, redis: services.redis, access: accounts.changes,
                tokenKeys: accounts.tokenKeys, queue: services.queue, videos: videos.hearing, log: log)
            group.addTask(executorPreference: loop) { await others.run() }
            if services.storage.blobs.isShared {
                let sweep = SweepStorage(
                    database: services.database, storage: services.storage, blobs: videos.sweep, log: log)
                group.addTask(executorPreference: loop) { await sweep.run(on: loop) }
            }
            if let outbox = services.outbox, let kafka = services.kafka {
                let draining = DrainOutbox(outbox: outbox, database: services.database, producer: kafka, log: log)
                group.addTask(executorPreference: loop) { await draining.run(on: loop) }
            }
            if let mail = services.mail {
                group.addTask(executorPreference: loop) { await mail.queue.run(on: loop) }
            }
            if let redis = services.redis { group.addTask(executorPreference: loop) { await redis.run() } }
            if let certificates = services.certificates {
                group.addTask(executorPreference: loop) { await certificates.run(on: loop) }
            }
            if let renewal = services.renewal {
                group.addTask(executorPreference: loop) { await renewal.run(on: loop) }
            }
            group.addTask { await end() }
            do {
                // The first to end is the wish to stop, or a service that cannot go on.
                try await group.next()
            } catch {
                log.error("a service failed", ["error": .error(error)])
                await drain(listening.servers)
                group.cancelAll()
                throw error
            }
            await services.stopping.begin(waits: services.database.isShared, on: loop)
            await drain(listening.servers)
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    private func drain(_ servers: [HTTPServer]) async {
        // Streams that never end by themselves.
        services.events.close()
        for server in servers { server.listener.stop() }
        var cut = 0
        // They share one set of connections, so the first waits for all.
        for server in servers { cut += await server.stop(patience: .seconds(10)) }
        if cut > 0 { log.warning("connections were cut", ["count": .init(cut)]) }
    }

    /// Stops what `build` started; `serve` does it by itself.
    public func stop() async {
        services.videos.close()
        services.workers.close()
        await services.tools.close()
        await services.videos.fetches.shutdown()
        for client in services.providerClients { await client.shutdown() }
        await services.kafka?.close()
        await services.mail?.client.shutdown()
        await services.database.close()
        await services.redis?.close()
        await services.storage.close()
        await services.pools.shutdown()
        services.folder.close()
        await services.loops.shutdown()
    }
}
