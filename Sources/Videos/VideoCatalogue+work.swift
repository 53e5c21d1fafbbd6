import FoundationEssentials
import Reactor

extension VideoCatalogue {
    /// All that is done beside the requests, until cancelled. What must be done again and again does not wait for the
    /// recovery, which may have to hash what a crash left for minutes.
    public func work(_ inventory: Inventory) async {
        async let recovery: Void = recover(inventory)
        await keepUp()
        await recovery
    }

    private func keepUp() async {
        let loop = foundation.loops.next()
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) {
                // A change of another process ends grants within a second.
                await self.every(.seconds(1), "reading revoked grants") { try await self.refreshRevocations() }
            }
            group.addTask(executorPreference: loop) {
                await self.every(.seconds(15), "the heartbeat") { self.events.beat() }
            }
            group.addTask(executorPreference: loop) {
                let interval = max(.seconds(1), min(self.settings.uploadLifetime / 4, .seconds(600)))
                await self.every(interval, "expiring uploads") { try await self.tidyUp() }
            }
        }
    }

    /// Finishes or removes what was left by errors and by people who went away.
    func tidyUp() async throws {
        try await finishCompleteUploads()
        try await expireUploads()
        try await forgetOldRevocations()
    }

    /// - Parameter name: what failed, for the log; an error does not end it.
    private func every(_ interval: Duration, _ name: String, _ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await foundation.loops.next().sleep(for: interval)
                try await body()
            } catch is CancellationError {
                return
            } catch {
                log.error("work beside the requests failed", ["work": .string(name), "error": .error(error)])
            }
        }
    }
}
