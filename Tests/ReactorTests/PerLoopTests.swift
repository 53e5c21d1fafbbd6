import Testing

@testable import Reactor

@Suite("Values for each loop")
struct PerLoopTests {
    @Test("Each loop counts for itself, all other threads together, and nothing is lost")
    func counts() async throws {
        let group = try EventLoopGroup(count: 2)
        let other = try EventLoopGroup(count: 1)
        let counter = PerLoop(0, in: group)
        await withTaskGroup(of: Void.self) { tasks in
            for loop in group.loops + other.loops {
                for _ in 0..<100 { tasks.addTask(executorPreference: loop) { counter.update { $0 += 1 } } }
            }
            for _ in 0..<50 { tasks.addTask { counter.update { $0 += 1 } } }
        }
        // First what no loop of the group counted: a loop of another group has the same place there.
        #expect(await counter.values() == [150, 100, 100])
        await group.shutdown()
        await other.shutdown()
    }

    @Test("A loop knows how long its rounds took")
    func lag() async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.loops[0]
        let before = await loop.lag().count
        for _ in 0..<3 {
            await Task(executorPreference: loop) { await Task.yield() }.value
        }
        #expect(await loop.lag().count > before)
        await group.shutdown()
    }

    @Test("What went over connections is counted at both ends, also of those that are gone")
    func byteCounts() async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.loops[0]
        let connections = ConnectionSet(group)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: connections) { connection in
            var buffer = ByteBuffer(capacity: 64)
            while let count = try? await connection.read(into: &buffer), count > 0 {
                try? await connection.write([1, 2, 3])
                buffer.removeAll()
            }
        }
        let address = listener.address
        try await Task(executorPreference: loop) {
            let connection = try await Connection.connect(to: address, on: loop)
            try await connection.write([1, 2, 3, 4, 5])
            var buffer = ByteBuffer(capacity: 64)
            while buffer.readableBytes.count < 3 { _ = try await connection.read(into: &buffer) }
            #expect(connection.sentByteCount == 5 && connection.receivedByteCount == 3)
            #expect(await connections.byteCounts() == ConnectionSet.ByteCounts(received: 5, sent: 3))
            connection.close()
        }.value
        #expect(await connections.waitUntilEmpty(patience: .seconds(60)) == 0)
        #expect(await connections.byteCounts() == ConnectionSet.ByteCounts(received: 5, sent: 3))
        listener.stop()
        await group.shutdown()
    }
}
