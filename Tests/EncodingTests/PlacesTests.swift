import Reactor
import Synchronization
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Places for work")
struct PlacesTests {
    @Test("There are never more holders than places, and everyone gets a turn")
    func bound() async throws {
        let group = try EventLoopGroup(count: 2)
        let places = Places(2)
        let holders = Holders()
        let tasks = (0..<20).map { _ in
            let loop = group.next()
            return Task(executorPreference: loop) {
                guard let place = await places.take(on: loop) else { return }
                holders.come()
                // The first stays until a second has come; if there were more places, others would come meanwhile.
                try await eventually("two hold a place at once") { holders.most >= 2 }
                await Task.yield()
                holders.go()
                place.giveBack()
                place.giveBack()
            }
        }
        for task in tasks { try await task.value }
        #expect(holders.turns == 20)
        #expect(holders.most == 2)
        await group.shutdown()
    }

    @Test("A place that nobody holds any more is free, and who is cancelled waits no longer")
    func endings() async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.next()
        let places = Places(1)
        var place = await places.take(on: loop)
        #expect(place != nil)
        let waiting = Task(executorPreference: loop) { await places.take(on: loop) }
        waiting.cancel()
        #expect(await waiting.value == nil)
        place = nil
        #expect(await places.take(on: loop) != nil)
        await group.shutdown()
    }
}

private final class Holders: Sendable {
    private let counts = Mutex((now: 0, most: 0, turns: 0))

    var most: Int { counts.withLock { $0.most } }
    var turns: Int { counts.withLock { $0.turns } }

    func come() {
        counts.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
            $0.turns += 1
        }
    }

    func go() { counts.withLock { $0.now -= 1 } }
}
