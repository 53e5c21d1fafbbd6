import Glibc
import Testing

@testable import Reactor

@Suite("Event loops")
struct EventLoopTests {
    @Test("A task that prefers a loop stays on its thread through every kind of wait")
    func staysOnItsThread() async throws {
        let group = try EventLoopGroup(count: 2)
        let pool = try BlockingPool(name: "test", threads: 1)
        let loop = group.next()
        let isAtHome = await Task(executorPreference: loop) {
            var isAtHome = [loop.isCurrent]
            try? await loop.sleep(for: .milliseconds(1))
            isAtHome.append(loop.isCurrent)
            await Task.yield()
            isAtHome.append(loop.isCurrent)
            _ = try? await pool.run { pthread_self() }
            isAtHome.append(loop.isCurrent)
            await Self.nestedWait(on: loop)
            isAtHome.append(loop.isCurrent)
            return isAtHome
        }.value
        #expect(isAtHome == [true, true, true, true, true])
        await pool.shutdown()
        await group.shutdown()
    }

    private static func nestedWait(on loop: EventLoop) async {
        async let first: Void? = try? loop.sleep(for: .milliseconds(1))
        async let second: Void? = try? loop.sleep(for: .milliseconds(2))
        _ = await (first, second)
    }

    private actor Tenant {
        let loop: EventLoop
        private(set) var visits = 0

        init(on loop: EventLoop) { self.loop = loop }

        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

        func visit() -> Bool {
            visits += 1
            return loop.isCurrent && assumeIsolated { $0.visits } == visits
        }

        func visitTwice() async -> Bool {
            let first = visit()
            await Task.yield()
            return visit() && first
        }
    }

    @Test("A loop owns an actor: from wherever it is called, its code runs there")
    func ownsAnActor() async throws {
        let group = try EventLoopGroup(count: 2)
        let tenant = Tenant(on: group.loops[0])
        let isAtHome = await withTaskGroup(of: Bool.self) { tasks in
            for loop in group.loops {
                for _ in 0..<20 { tasks.addTask(executorPreference: loop) { await tenant.visitTwice() } }
            }
            for _ in 0..<20 { tasks.addTask { await tenant.visit() } }
            return await tasks.reduce(true) { $0 && $1 }
        }
        #expect(isAtHome)
        #expect(await tenant.visits == 100)
        await group.shutdown()
    }

    @Test("A connection traps when it is touched off its loop")
    func trapsOffLoop() async {
        await #expect(processExitsWith: .failure) {
            let loop = try EventLoop()
            let listener = try Listener.bind(host: "127.0.0.1", port: 0)
            let port = listener.port
            let connection = try await Task(executorPreference: loop) {
                try await Connection.connect(to: SocketAddress(host: "127.0.0.1", port: port), on: loop)
            }.value
            // Here, and only here, must it end: whatever fails above fails the control below as well.
            connection.abort(.closed)
        }
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let listener = try Listener.bind(host: "127.0.0.1", port: 0)
            let port = listener.port
            try await Task(executorPreference: loop) {
                let connection = try await Connection.connect(
                    to: SocketAddress(host: "127.0.0.1", port: port), on: loop)
                connection.abort(.closed)
            }.value
        }
    }

    @Test("Timers fire in the order of their deadlines, and cancelled ones never")
    func timerOrder() {
        let heap = TimerHeap()
        var fired: [Int] = []
        let start = MonotonicTime(nanoseconds: 0)
        var tokens: [TimerToken] = []
        for value in [5, 3, 9, 3, 1, 7] {
            tokens.append(heap.schedule(at: start + .seconds(value)) { fired.append(value) })
        }
        tokens[2].cancel()
        tokens[0].cancel()
        #expect(heap.count == 4)
        while let timer = heap.popDue(at: start + .seconds(7)) { timer.fire() }
        #expect(fired == [1, 3, 3, 7])
        #expect(heap.nextDeadline == nil)
    }

    @Test("Timers that are taken back from any place leave the others in order")
    func timersTakenBack() {
        let heap = TimerHeap()
        let start = MonotonicTime(nanoseconds: 0)
        var fired: [Int] = []
        var live: [(value: Int, token: TimerToken)] = []
        for order in 0..<2000 {
            let value = order * 7919 % 499
            live.append((value, heap.schedule(at: start + .seconds(value)) { fired.append(value) }))
            if order % 2 == 1 {
                let victim = live.remove(at: order * 104_729 % live.count)
                victim.token.cancel()
                victim.token.cancel()
            }
        }
        #expect(heap.count == live.count)
        while let timer = heap.popDue(at: start + .seconds(500)) { timer.fire() }
        #expect(fired == live.map(\.value).sorted())
    }

    @Test("A cancelled sleep throws at once and leaves nothing behind")
    func cancelledSleep() async throws {
        let loop = try EventLoop()
        let task = Task { try await loop.sleep(for: .seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let timers = await Task(executorPreference: loop) { loop.timerCount }.value
        #expect(timers == 0)
        await loop.stop()
    }

    @Test("Messages from many threads all arrive")
    func messages() async throws {
        let loop = try EventLoop()
        let pool = try BlockingPool(name: "senders", threads: 4)
        let count = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { senders in
            for _ in 0..<8 {
                senders.addTask {
                    try await pool.run {
                        for _ in 0..<1000 { loop.execute { count.withLock { $0 += 1 } } }
                    }
                }
            }
            try await senders.waitForAll()
        }
        await withUnsafeContinuation { continuation in loop.execute { continuation.resume() } }
        #expect(count.withLock { $0 } == 8000)
        await pool.shutdown()
        await loop.stop()
    }

    @Test("A full pool refuses work instead of queueing it without bound")
    func fullPool() async throws {
        let pool = try BlockingPool(name: "small", threads: 1, maxQueued: 1)
        let gate = Shared(false)
        let started = Shared(false)
        let busy = Task {
            try await pool.run {
                started.withLock { $0 = true }
                while !gate.withLock({ $0 }) { sched_yield() }
            }
        }
        while !started.withLock({ $0 }) { await Task.yield() }
        let outcomes = Shared((refused: 0, done: 0))
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<3 {
                tasks.addTask {
                    do {
                        try await pool.run {}
                        outcomes.withLock { $0.done += 1 }
                    } catch {
                        let refused = outcomes.withLock { outcomes in
                            outcomes.refused += 1
                            return outcomes.refused
                        }
                        if refused == 2 { gate.withLock { $0 = true } }
                    }
                }
            }
        }
        try await busy.value
        #expect(outcomes.withLock { $0 } == (refused: 2, done: 1))
        await pool.shutdown()
        await #expect(throws: BlockingPoolError.stopped) { try await pool.run {} }
    }
}
