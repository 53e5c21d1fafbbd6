import FoundationEssentials
import Reactor
import SQL
import Synchronization
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("What is remembered of videos that are watched")
struct PresentationCacheTests {
    final class Clock: Sendable {
        private let moment = Mutex(MonotonicTime.now)
        var now: MonotonicTime { moment.withLock { $0 } }
        func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
    }

    @Test(
        "A change that nobody told is known when the memory is too old, and is no reason to wait while the database is away"
    )
    func age() async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Studio.open(folder) { studio in
            let id = try await studio.add(TestMedia.bikes)
            try await studio.ready(id)
            let clock = Clock()
            let other = try await Database.open(
                TestDatabase.kept(at: "\(folder)/palco.sqlite"), migrations: [EncodingQueue.migrations])
            let (cache, lonely) = (
                PresentationCache(database: studio.database, now: { clock.now }),
                PresentationCache(database: other, now: { clock.now })
            )
            let (first, alone) = (try #require(try await cache.entry(id)), try await lonely.entry(id))
            await other.close()
            try await studio.database.write { try EncodingStore.remove(id, in: $0) }
            clock.advance(by: PresentationCache.maximumAge - .seconds(1))
            #expect(cache.known(id) === first)
            #expect(try await cache.entry(id) === first)
            clock.advance(by: .seconds(2))
            // Nothing of it is given at once, and whoever waits learns that it is gone.
            #expect(cache.known(id) == nil && lonely.known(id) == nil)
            #expect(try await cache.entry(id) == nil)
            #expect(cache.known(id) == nil)
            // Where nothing can be learned, what is known goes on; one asks now and then.
            for _ in 0..<3 {
                #expect(try await lonely.entry(id) === alone)
                #expect(lonely.known(id) === alone)
                clock.advance(by: .seconds(11))
                #expect(lonely.known(id) == nil)
            }
        }
    }
}
