import Bus
import Encoding
import Reactor
import SQL
import Storage
import Telemetry
import Videos

/// Removes what dead processes left in a storage that several share. One server does it for all, and removes only what no process
/// that lives can still need.
struct SweepStorage: Sendable {
    /// Work that somebody waits for, in a folder whose disk is soon full.
    private static let workInterval = Duration.seconds(20)
    private static let blobInterval = Duration.seconds(6 * 3600)

    let database: Database
    let storage: StorageServices
    let blobs: SweepBlobs
    let log: Log

    /// Works until cancelled.
    func run(on loop: EventLoop) async {
        await withTaskGroup(of: Void.self) { group in
            // In a bucket nobody works.
            if storage.workspace.isShared {
                let task = LeasedTask("sweep work", every: Self.workInterval, in: database, log: log)
                group.addTask(executorPreference: loop) { await task.run(on: loop, sweepWork) }
            }
            let task = LeasedTask("sweep storage", every: Self.blobInterval, in: database, log: log)
            group.addTask(executorPreference: loop) { await task.run(on: loop, sweepStorage) }
        }
    }

    @Sendable private func sweepWork() async throws {
        let count = try await SweepWork(database: database, workspace: storage.workspace)()
        if count > 0 { log.info("work of dead processes removed", ["count": .init(count)]) }
    }

    @Sendable private func sweepStorage() async throws {
        let now = try await database.read { try $0.currentTime() }
        let count = try await storage.sweep(at: now / 1_000_000, uploadAge: blobs.age)
        if count > 0 { log.info("leftovers removed", ["count": .init(count)]) }
        try await blobs()
    }
}
