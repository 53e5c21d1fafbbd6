import Reactor
import Synchronization
import Testing

@testable import Security
@testable import TestSupport

@Suite("Turns at hashing")
struct HashingTurnsTests {
    @Test("What the server hashes with by default is what OWASP recommends: 19 MiB, two passes, one lane")
    func productionCost() async throws {
        let pool = try BlockingPool(name: "password", threads: 1)
        let hash = try await PasswordHasher(pool: pool).hash("Correct-Horse-7")
        #expect(hash.encoded.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(PasswordHasher(pool: pool).costText == "Argon2id, 19 MiB, 2 passes, 1 lane")
        await pool.shutdown()
    }

    @Test("Who sends a crowd waits for the crowd; another one is next, and nobody's line is endless")
    func fairness() async throws {
        let pool = try BlockingPool(name: "password", threads: 1)
        let hasher = PasswordHasher(pool: pool, memoryKiB: 32, passes: 1)
        let gate = try await Gate(pool)
        let (answers, answered) = AsyncStream.makeStream(of: String.self)
        func send(_ name: String) {
            Task {
                let isHashed = (try? await hasher.hash("x", for: .person(name))) != nil
                answered.yield("\(name) \(isHashed)")
            }
        }
        var iterator = answers.makeAsyncIterator()
        // One is at work and sixteen wait; all others are refused at once.
        for _ in 0..<100 { send("crowd") }
        for _ in 0..<83 { #expect(await iterator.next() == "crowd false") }
        send("guest")
        while hasher.turns.waitingCount < 17 { await Task.yield() }
        gate.open()
        var order: [String] = []
        for _ in 0..<18 { order.append(await iterator.next() ?? "") }
        #expect(order.filter { $0 == "crowd true" }.count == 17)
        // First come, first served would make it the last.
        #expect((order.firstIndex(of: "guest true") ?? 99) < 9)
        await pool.shutdown()
    }
}
