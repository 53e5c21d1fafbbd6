import FoundationEssentials
import Glibc
import SQL
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("The queue of tasks")
struct TaskQueueTests {
    let queue = TaskQueue(owner: "here/1/1")
    let other = TaskQueue(owner: "here/2/2")

    private func withDatabase(_ body: @escaping @Sendable (Transaction) throws -> Void) async throws {
        let database = try await Database.open(TestDatabase.fresh(), migrations: [EncodingQueue.migrations])
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

    @Test("Who slept beyond a lease changes nothing any more, though the same process holds the task again")
    func fencing() async throws {
        try await withDatabase { [queue] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.plan, of: id, priority: 10, in: transaction)
            let late = try #require(try queue.claim(at: 0, in: transaction))
            let held = try #require(try queue.claim(at: 1 << 40, in: transaction))
            #expect(held.id == late.id && held.run != late.run)
            try queue.postpone(late, until: 1 << 50, words: "late", in: transaction)
            try queue.poison(late, words: "late", in: transaction)
            try queue.giveBack(late, in: transaction)
            try queue.finish(late, in: transaction)
            #expect(try !queue.extend(late, at: 1 << 41, in: transaction) && !queue.holds(late, in: transaction))
            #expect(try queue.holds(held, in: transaction))
            #expect(try queue.claim(at: (1 << 40) + 1, in: transaction) == nil)
            try queue.finish(held, in: transaction)
            #expect(try !TaskQueue.hasTasks(of: id, in: transaction))
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
            #expect(try TaskQueue.nextTime(after: 499, in: transaction) == 500)
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

    @Test("Of a video that is paused nobody takes a task, and who had one notices; resumed, all goes on as it was")
    func paused() async throws {
        try await withDatabase { [queue] transaction in
            let (id, other) = (try Self.video(transaction), try Self.video(transaction))
            for video in [id, other] {
                for chunk in 0..<2 { try TaskQueue.add(.chunk, chunk: chunk, of: video, priority: 5, in: transaction) }
            }
            let held = try #require(try queue.claim(.chunk, chunk: 0, of: id, at: 0, in: transaction))
            try TaskQueue.pause(id, in: transaction)
            #expect(try !queue.holds(held, in: transaction))
            #expect(try queue.claim(.chunk, chunk: 1, of: id, at: 0, in: transaction) == nil)
            for _ in 0..<2 { #expect(try queue.claim(at: 0, in: transaction)?.video == other) }
            #expect(try queue.claim(at: 0, in: transaction) == nil)
            #expect(try TaskQueue.waitingChunks(most: 10, in: transaction) == 0)
            #expect(try TaskQueue.countsByState(at: 0, in: transaction)["paused"]?.count == 2)
            try queue.finish(held, in: transaction)
            try TaskQueue.resume(id, in: transaction)
            for _ in 0..<2 {
                let task = try #require(try queue.claim(at: 0, in: transaction))
                #expect(task.video == id && task.attempts == 1)
                try queue.poison(task, words: "", in: transaction)
            }
            // What failed is not tried again by that.
            try TaskQueue.pause(id, in: transaction)
            try TaskQueue.resume(id, in: transaction)
            #expect(try queue.claim(at: 0, in: transaction) == nil)
        }
    }

    @Test("A worker takes only the kinds that it is limited to, and no larger pictures")
    func limits() async throws {
        try await withDatabase { transaction in
            let (small, large) = (try Self.video(transaction), try Self.video(transaction))
            try transaction.execute("UPDATE encodings SET lines = 1080 WHERE video_id = $1", small)
            try transaction.execute("UPDATE encodings SET lines = 2160 WHERE video_id = $1", large)
            for id in [large, small] {
                try TaskQueue.add(.chunk, of: id, priority: 10, in: transaction)
                try TaskQueue.add(.audio, of: id, priority: 20, in: transaction)
            }
            func take(_ kinds: [String]?, _ lines: Int?) throws -> [String] {
                let limits = try #require(TaskLimits(kinds: kinds, maxLines: lines))
                let queue = TaskQueue(owner: "here/1/1", limits: limits)
                var found: [String] = []
                while let task = try queue.claim(at: 0, in: transaction) {
                    found.append("\(task.kind) \(task.video == small ? "small" : "large")")
                }
                #expect(try !queue.hasNext(at: 0, in: transaction))
                return found
            }
            #expect(try take(["chunk"], 1080) == ["chunk small"])
            #expect(try take(["audio", "plan"], nil).sorted() == ["audio large", "audio small"])
            #expect(try take(nil, 2159) == [])
            #expect(try take(nil, nil) == ["chunk large"])
            #expect(TaskLimits(kinds: ["everything"], maxLines: nil) == nil)
        }
    }

    @Test("A video without tasks of a priority has no turn any more")
    func turns() async throws {
        try await withDatabase { [queue] transaction in
            func count() throws -> Int? {
                try transaction.first("SELECT COUNT(*) AS n FROM encoding_turns")?.value("n")
            }
            let id = try Self.video(transaction)
            for chunk in 0..<2 { try TaskQueue.add(.chunk, chunk: chunk, of: id, priority: 10, in: transaction) }
            let first = try #require(try queue.claim(at: 0, in: transaction))
            let second = try #require(try queue.claim(at: 0, in: transaction))
            try queue.finish(first, in: transaction)
            #expect(try count() == 1)
            try queue.finish(second, in: transaction)
            #expect(try count() == 0)
            try TaskQueue.add(.chunk, chunk: 7, of: id, priority: 10, in: transaction)
            #expect(try queue.claim(at: 0, in: transaction)?.chunk == 7)
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
            #expect(try TaskQueue.releaseAll(of: ["here/1/1"], in: transaction) == 1)
            #expect(
                try TaskQueue.countsByState(at: 0, in: transaction).mapValues(\.count) == ["running": 1, "waiting": 1])
            #expect(try TaskQueue.waitingChunks(most: 5, in: transaction) == 0)
            try TaskQueue.add(.chunk, chunk: 3, of: id, priority: 30, in: transaction)
            #expect(try TaskQueue.waitingChunks(most: 5, in: transaction) == 1)
            #expect(try queue.claim(at: 1, in: transaction)?.kind == .plan)
            #expect(try queue.claim(at: 1, in: transaction)?.kind == .chunk)
            #expect(try TaskQueue.waitingChunks(most: 5, in: transaction) == 0)
            #expect(try queue.claim(at: 1, in: transaction) == nil)
        }
    }

    @Test("Names of those who hold tasks tell whether they are still there, and nothing of other machines")
    func owners() async throws {
        let mine = LeaseOwner()
        #expect(LeaseOwner("\(mine)") == mine && !mine.isGone)
        let parts = "\(mine)".split(separator: "/").map(String.init)
        func name(_ change: (inout [String]) -> Void) -> String {
            var parts = parts
            change(&parts)
            return parts.joined(separator: "/")
        }
        // Another beginning: the number was given again; a number that nobody has; another encoder of this process.
        let gone = [name { $0[2] = "1" }, name { $0[1] = "4194305" }, name { $0[3] = "7" }]
        let strange = [name { $0[0] = "elsewhere-1" }, "here/1/1", ""]
        #expect(gone.allSatisfy { LeaseOwner($0)?.isGone == true })
        #expect(strange.allSatisfy { LeaseOwner($0)?.isGone != true })
        let parent = name { parts in
            parts[1] = "\(getppid())"
            let text = (try? String(contentsOfFile: "/proc/\(getppid())/stat", encoding: .utf8)) ?? ""
            parts[2] = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").map(String.init)[20]
        }
        #expect(LeaseOwner(parent)?.isGone == false)
        try await withDatabase { transaction in
            let id = try Self.video(transaction)
            for (chunk, owner) in (gone + strange + ["\(mine)"]).enumerated() {
                try TaskQueue.add(.chunk, chunk: chunk, of: id, priority: 1, in: transaction)
                _ = try TaskQueue(owner: owner).claim(at: 0, in: transaction)
            }
            #expect(try TaskQueue.goneOwners(in: transaction).sorted() == gone.sorted())
        }
        mine.close()
        #expect(mine.isGone)
    }

    @Test("What was under way when the server trapped keeps its attempt, and is suspect at the second time")
    func suspects() async throws {
        try await withDatabase { [queue, other] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.plan, of: id, priority: 10, in: transaction)
            try TaskQueue.add(.audio, of: id, priority: 20, in: transaction)
            _ = try queue.claim(at: 0, in: transaction)
            _ = try TaskQueue(owner: "elsewhere/1/1").claim(at: 0, in: transaction)
            #expect(try TaskQueue.releaseSuspects(of: ["here/1/1", "here/2/2"], in: transaction).isEmpty)
            // The other one is another machine's.
            var again = try #require(try other.claim(at: 1, in: transaction))
            #expect(again.kind == .plan && again.attempts == 2)
            again.lease = nil
            #expect(try TaskQueue.releaseSuspects(of: ["here/1/1", "here/2/2"], in: transaction) == [again])
            // A kill from outside proves nothing.
            _ = try TaskQueue(owner: "elsewhere/1/1").claim(.audio, chunk: 0, of: id, at: 1 << 50, in: transaction)
            #expect(try TaskQueue.releaseAll(of: ["elsewhere/1/1"], in: transaction) == 1)
            #expect(try TaskQueue.releaseSuspects(of: ["elsewhere/1/1"], in: transaction) == [again])
            try queue.poison(again, words: "", in: transaction)
            #expect(try EncodingStore.forgive(id, in: transaction) == 1)
            #expect(try TaskQueue.releaseSuspects(of: ["here/1/1", "here/2/2"], in: transaction).isEmpty)
        }
    }

    @Test("Suspects run one at a time, so that a second trap blames one of them; others run beside it")
    func oneSuspectAtATime() async throws {
        try await withDatabase { [queue] transaction in
            let id = try Self.video(transaction)
            try TaskQueue.add(.thumbnail, of: id, priority: 10, in: transaction)
            try TaskQueue.add(.audio, of: id, priority: 20, in: transaction)
            for _ in 0..<2 { _ = try queue.claim(at: 0, in: transaction) }
            #expect(try TaskQueue.releaseSuspects(of: ["here/1/1", "here/2/2"], in: transaction).isEmpty)
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
