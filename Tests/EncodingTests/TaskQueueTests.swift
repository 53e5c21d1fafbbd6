import SQL
import Testing

@testable import Encoding

@Suite("The queue of tasks")
struct TaskQueueTests {
    let queue = TaskQueue(owner: "here/1/1")
    let other = TaskQueue(owner: "here/2/2")

    private func withDatabase(_ body: @escaping @Sendable (Transaction) throws -> Void) async throws {
        let database = try await Database.open(.memory, migrations: [Encoder.migrations])
        try await database.write(body)
        await database.close()
    }

    private static func video(_ transaction: Transaction) throws -> EncodingID {
        let id = EncodingID()
        let facts = MediaFacts(
            container: "avi", byteCount: 1, duration: 1, video: LadderTests.video(16, 16), audio: [])
        try EncodingStore.insert(id, facts: facts, at: 0, in: transaction)
        return id
    }

    @Test("Priorities come first, then the video that waited longest, then the earliest chunk")
    func order() async throws {
        try await withDatabase { [queue] transaction in
            let (a, b) = (try Self.video(transaction), try Self.video(transaction))
            for chunk in 0..<3 {
                try TaskQueue.add(.chunk, chunk: chunk, of: a, priority: 50, in: transaction)
                try TaskQueue.add(.chunk, chunk: chunk, of: b, priority: 50, in: transaction)
            }
            try TaskQueue.add(.opening, of: b, priority: 20, in: transaction)
            var claimed: [String] = []
            var now: Int64 = 1
            while let task = try queue.claim(at: now, in: transaction) {
                claimed.append("\(task.video == a ? "a" : "b") \(task.kind) \(task.chunk)")
                now += 1
            }
            #expect(
                claimed == [
                    "b opening 0", "a chunk 0", "b chunk 0", "a chunk 1", "b chunk 1", "a chunk 2", "b chunk 2",
                ])
        }
    }

    @Test("A lease keeps others away until it ends, and its holder notices the loss")
    func leases() async throws {
        try await withDatabase { [queue, other] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.plan, of: id, priority: 10, in: transaction)
            let task = try #require(try queue.claim(at: 1000, in: transaction))
            #expect(task.attempts == 1)
            #expect(try other.claim(at: 1001, in: transaction) == nil)
            #expect(try queue.extend(task, at: 20_000_000, in: transaction))
            #expect(try other.claim(at: 49_999_999, in: transaction) == nil)
            let taken = try #require(try other.claim(at: 50_000_001, in: transaction))
            #expect(taken.id == task.id && taken.attempts == 2)
            #expect(try !queue.extend(task, at: 50_000_002, in: transaction))
            #expect(try !queue.holds(task, in: transaction))
            #expect(try other.holds(taken, in: transaction))
        }
    }

    @Test("A postponed task comes back at its time, a poisoned one never, a given back one at once")
    func comingBack() async throws {
        try await withDatabase { [queue] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.plan, of: id, priority: 10, in: transaction)
            var task = try #require(try queue.claim(at: 0, in: transaction))
            try queue.postpone(task, until: 500, words: "no", in: transaction)
            #expect(try queue.claim(at: 499, in: transaction) == nil)
            #expect(try TaskQueue.nextTime(in: transaction) == 500)
            task = try #require(try queue.claim(at: 500, in: transaction))
            #expect(task.attempts == 2)
            try queue.giveBack(task, in: transaction)
            task = try #require(try queue.claim(at: 501, in: transaction))
            #expect(task.attempts == 2)
            try queue.poison(task, words: "never", in: transaction)
            #expect(try queue.claim(at: 1 << 60, in: transaction) == nil)
            #expect(try TaskQueue.countsByState(at: 0, in: transaction).mapValues(\.count) == ["failed": 1])
            #expect(try EncodingStore.forgive(id, in: transaction) == 1)
            #expect(try queue.claim(at: 502, in: transaction)?.attempts == 1)
        }
    }

    @Test("What a killed process of this machine held is free at once, another machine's is not")
    func release() async throws {
        try await withDatabase { [queue] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.plan, of: id, priority: 10, in: transaction)
            try TaskQueue.add(.audio, of: id, priority: 20, in: transaction)
            _ = try queue.claim(at: 0, in: transaction)
            _ = try TaskQueue(owner: "elsewhere/1/1").claim(at: 0, in: transaction)
            #expect(try TaskQueue.countsByState(at: 0, in: transaction).mapValues(\.count) == ["running": 2])
            #expect(try TaskQueue.releaseAll(ownedBy: "here/", in: transaction) == 1)
            #expect(
                try TaskQueue.countsByState(at: 0, in: transaction).mapValues(\.count) == ["running": 1, "waiting": 1])
            #expect(try TaskQueue.waitingChunks(in: transaction) == 0)
            try TaskQueue.add(.chunk, chunk: 3, of: id, priority: 30, in: transaction)
            #expect(try TaskQueue.waitingChunks(in: transaction) == 1)
            #expect(try queue.claim(at: 1, in: transaction)?.kind == .plan)
            #expect(try queue.claim(at: 1, in: transaction)?.kind == .chunk)
            #expect(try TaskQueue.waitingChunks(in: transaction) == 0)
            #expect(try queue.claim(at: 1, in: transaction) == nil)
        }
    }

    @Test("What was under way when the server trapped keeps its attempt, and is suspect at the second time")
    func suspects() async throws {
        try await withDatabase { [queue, other] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.plan, of: id, priority: 10, in: transaction)
            try TaskQueue.add(.audio, of: id, priority: 20, in: transaction)
            _ = try queue.claim(at: 0, in: transaction)
            _ = try TaskQueue(owner: "elsewhere/1/1").claim(at: 0, in: transaction)
            #expect(try TaskQueue.releaseSuspects(ownedBy: "here/", in: transaction).isEmpty)
            // The other one is another machine's.
            let again = try #require(try other.claim(at: 1, in: transaction))
            #expect(again.kind == .plan && again.attempts == 2)
            #expect(try TaskQueue.releaseSuspects(ownedBy: "here/", in: transaction) == [again])
            // A kill from outside proves nothing.
            _ = try TaskQueue(owner: "elsewhere/1/1").claim(.audio, chunk: 0, of: id, at: 1 << 50, in: transaction)
            #expect(try TaskQueue.releaseAll(ownedBy: "elsewhere/", in: transaction) == 1)
            #expect(try TaskQueue.releaseSuspects(ownedBy: "elsewhere/", in: transaction) == [again])
            try queue.poison(again, words: "", in: transaction)
            #expect(try EncodingStore.forgive(id, in: transaction) == 1)
            #expect(try TaskQueue.releaseSuspects(ownedBy: "here/", in: transaction).isEmpty)
        }
    }

    @Test("Suspects run one at a time, so that a second trap blames one of them; others run beside it")
    func oneSuspectAtATime() async throws {
        try await withDatabase { [queue] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.thumbnail, of: id, priority: 10, in: transaction)
            try TaskQueue.add(.audio, of: id, priority: 20, in: transaction)
            for _ in 0..<2 { _ = try queue.claim(at: 0, in: transaction) }
            #expect(try TaskQueue.releaseSuspects(ownedBy: "here/", in: transaction).isEmpty)
            try TaskQueue.add(.chunk, of: id, priority: 50, in: transaction)
            let first = try #require(try queue.claim(at: 1, in: transaction))
            #expect(first.kind == .thumbnail)
            #expect(try queue.claim(at: 1, in: transaction)?.kind == .chunk)
            #expect(try queue.claim(at: 1, in: transaction) == nil)
            try queue.finish(first, in: transaction)
            #expect(try queue.claim(at: 1, in: transaction)?.kind == .audio)
        }
    }

    @Test("The same task is queued once")
    func once() async throws {
        try await withDatabase { [queue] transaction in
            let id = try Self.video(transaction)
            for _ in 0..<2 { try TaskQueue.add(.plan, of: id, priority: 10, in: transaction) }
            #expect(try queue.claim(at: 0, in: transaction) != nil)
            #expect(try queue.claim(at: 0, in: transaction) == nil)
        }
    }
}
