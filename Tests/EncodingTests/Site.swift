import FoundationEssentials
import Reactor
import SQL
import Storage
import Synchronization

@testable import Encoding
@testable import TestSupport

/// One process of several on one PostgreSQL and one storage: a server that encodes nothing, or a worker.
final class Site: Sendable {
    let database: Database
    let queue: EncodingQueue
    let playback: EncodingPlayback
    let workers: EncodingWorkers
    let relay: DemandRelay
    let changes = ChangeLog()
    private let tools: EncodingTools

    /// - Parameter storage: of all sites.
    private init(_ location: DatabaseLocation, _ storage: StorageServices, _ settings: EncodingSettings) async throws {
        database = try await Database.open(location, migrations: [EncodingQueue.migrations])
        let (changes, loops) = (changes, try Studio.sharedLoops.get())
        queue = EncodingQueue(settings: settings, database: database) { transaction, id, change in
            transaction.afterCommit { changes.append(id, change) }
        }
        tools = try EncodingTools(settings: settings, loops: loops)
        playback = EncodingPlayback(queue, storage: storage, loops: loops, patience: settings.segmentPatience)
        workers = EncodingWorkers(queue, tools: tools, storage: storage, log: .silent)
        guard let relay = DemandRelay(queue) else { throw SQLError(.misuse, "not shared") }
        self.relay = relay
    }

    /// Opens as many as there are settings, each hearing the others; none of them works yet.
    static func with(
        _ settings: [EncodingSettings], _ body: @Sendable (Studio, [Site]) async throws -> Void
    ) async throws {
        let location = try TestDatabase.postgreSQL(connections: 5)
        // Its folder, its storage and its tools are of use; its queue is not.
        try await Studio.with(isWorking: false) { studio in
            var sites: [Site] = []
            for each in settings { sites.append(try await Site(location, studio.storage, each)) }
            let hearing = sites.map { site in
                Task {
                    for await heard in site.database.heard ?? AsyncStream(unfolding: { nil }) {
                        if case .announcement(let told) = heard {
                            site.queue.heard(told)
                        } else {
                            site.queue.heard(nil)
                        }
                    }
                }
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(studio, sites)) } catch { result = .failure(error) }
            for site in sites {
                site.workers.close()
                await site.tools.close()
                await site.database.close()
            }
            for task in hearing { await task.value }
            try result.get()
        }
    }

    /// The work of this site, until `body` returns.
    func working(_ body: () async throws -> Void) async throws {
        let workers = workers
        let work = Task(executorPreference: workers.loops.next()) { try await workers.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        work.cancel()
        _ = await work.result
        try result.get()
    }

    func add(_ path: String, _ studio: Studio) async throws -> EncodingID {
        let facts = try await studio.inspect(path: path)
        let (id, queue) = (EncodingID(), queue)
        let original = studio.path(of: VideoFiles.original(id))
        try FileManager.default.createDirectory(
            atPath: original.dropLastComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: path, toPath: original)
        try await database.write { try queue.add(id, facts: facts, in: $0) }
        return id
    }
}
