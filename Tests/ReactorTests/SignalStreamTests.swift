import Glibc
import Testing

@testable import Reactor

@Suite("Signals", .serialized)
struct SignalStreamTests {
    @Test("A signal that any thread may get arrives at the one that waits", arguments: [SIGUSR1, SIGUSR2])
    func arrives(number: Int32) async throws {
        let loop = try EventLoop()
        let signals = try SignalStream([SignalNumber(rawValue: SIGUSR1), SignalNumber(rawValue: SIGUSR2)])
        kill(getpid(), number)
        #expect(await signals.next(on: loop)?.rawValue == number)
        // Who is cancelled waits no longer, so that a server whose service failed can end.
        let waiting = Task { await signals.next(on: loop) }
        waiting.cancel()
        #expect(await waiting.value == nil)
        await loop.stop()
    }
}
