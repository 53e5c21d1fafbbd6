import Glibc
import Synchronization
import Testing

@testable import Reactor

@Suite struct BlockingPoolTests {
    @Test func itStartsAThreadWhenWorkWaitsForOneAndNeverMoreThanItsCount() async throws {
        let pool = try BlockingPool(name: "lazy", threads: 3)
        #expect(pool.liveThreadCount == 1)
        let gates = (0..<4).map { _ in BlockingGate() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Each begins before the next is asked for, so three of them need three threads.
            for (index, gate) in gates.prefix(3).enumerated() {
                await withUnsafeContinuation { (begun: UnsafeContinuation<Void, Never>) in
                    group.addTask {
                        try await pool.run {
                            begun.resume()
                            gate.wait()
                        }
                    }
                }
                #expect(pool.liveThreadCount == index + 1)
            }
            group.addTask { try await pool.run { gates[3].wait() } }
            while pool.queuedCount == 0 { await Task.yield() }
            #expect(pool.liveThreadCount == 3)
            for gate in gates { gate.open() }
            try await group.waitForAll()
        }
        await pool.shutdown()
        #expect(pool.liveThreadCount == 0)
    }
}

/// Holds a thread until it is opened.
private final class BlockingGate: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func wait() {
        while !isOpen.load(ordering: .acquiring) { sched_yield() }
    }
}
