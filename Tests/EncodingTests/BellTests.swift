import Reactor
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Waiting for changes")
struct BellTests {
    @Test("Waits leave no timers behind, however they end", arguments: ["rung", "cancelled", "out of patience"])
    func timers(end: String) async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.loops[0]
        let bell = Bell()
        let rings = bell.rings
        let patience: Duration = end == "out of patience" ? .milliseconds(1) : .seconds(3600)
        let waits = (0..<200).map { _ in
            Task(executorPreference: loop) { await bell.wait(after: rings, patience: patience, on: loop) }
        }
        switch end {
        case "rung":
            try await eventually("all wait") { bell.waiterCount == waits.count }
            bell.ring()
        case "cancelled": for wait in waits { wait.cancel() }
        default: break
        }
        for wait in waits { await wait.value }
        #expect(bell.waiterCount == 0)
        // What takes the timers back was sent to the loop before this.
        #expect(await Task(executorPreference: loop) { loop.timerCount }.value == 0)
        await group.shutdown()
    }
}
