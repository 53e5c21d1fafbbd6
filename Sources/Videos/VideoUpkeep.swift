import FoundationEssentials
import Reactor
import SQL
import Telemetry

/// All that is done beside the requests.
public struct VideoUpkeep: Sendable {
    let recovery: RecoverUploads
    let remove: RemoveVideo
    let removeVersions: RemoveVersions
    let index: IndexVideos
    let revocations: ReadRevocations
    let events: VideoEvents
    let watches: WriteWatches
    let fetches: RunFetches
    let database: Database
    let now: @Sendable () -> Date
    let settings: VideoSettings
    let loops: EventLoopGroup
    let log: Log

    /// Works until cancelled. What must be done again and again does not wait for the recovery, which may have to hash what
    /// a crash left for minutes.
    public func run(_ inventory: SweepBlobs.Inventory?) async {
        async let recovering: Void = recovery.recover(inventory)
        async let indexing: Void = completeIndex()
        await keepUp()
        await recovering
        await indexing
    }

    /// Once at each start: what was written since then is in the index.
    private func completeIndex() async {
        do {
            try await index()
            try await index.forgetUnusedWords()
        } catch {
            log.error("work beside the requests failed", ["work": "indexing videos", "error": .error(error)])
        }
        // It is the last that only a start needs.
        Allocator.giveBack()
    }

    private func keepUp() async {
        let loop = loops.next()
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) {
                // A change of another process ends grants within a second.
                await every(.seconds(1), "reading revoked grants") { try await revocations.refresh() }
            }
            group.addTask(executorPreference: loop) { await watches.run(on: loop) }
            group.addTask(executorPreference: loop) { await fetches.run(on: loop) }
            group.addTask(executorPreference: loop) {
                await every(.seconds(15), "the heartbeat") { events.beat() }
            }
            group.addTask(executorPreference: loop) {
                let interval = max(.seconds(1), min(settings.uploadLifetime / 4, .seconds(600)))
                await every(interval, "expiring uploads") { try await tidyUp() }
            }
            group.addTask(executorPreference: loop) {
                let interval = max(.seconds(1), min(settings.trashLifetime / 4, .seconds(600)))
                await every(interval, "removing what is in the trash") { try await remove.removeOverdue() }
            }
            group.addTask(executorPreference: loop) {
                let interval = max(.seconds(1), min(settings.longestGrant / 4, .seconds(60)))
                await every(interval, "removing former versions") { try await removeVersions() }
            }
        }
    }

    /// Finishes or removes what was left by errors and by people who went away.
    func tidyUp() async throws {
        try await recovery.finishComplete()
        try await recovery.expire()
        try await revocations.forgetOld()
        try await watches.forgetOld()
        try await forgetAccessSessions()
    }

    /// What passwords opened is over by itself; only the rows go here.
    private func forgetAccessSessions() async throws {
        let moment = now()
        let (sessions, most) = (AccessSessionStore(), AccessSessionStore.batch)
        var removed = most
        while removed == most {
            removed = try await database.write { try sessions.removeExpired(at: moment, most: most, in: $0) }
        }
    }

    /// - Parameter name: what failed, for the log; an error does not end it.
    private func every(_ interval: Duration, _ name: String, _ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await loops.next().sleep(for: interval)
                try await body()
            } catch is CancellationError {
                return
            } catch {
                log.error("work beside the requests failed", ["work": .string(name), "error": .error(error)])
            }
        }
    }
}
