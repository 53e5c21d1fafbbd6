import Reactor
import Synchronization
import Testing

@testable import TestSupport
@testable import Web

/// A message that counts how many of its kind are alive.
private final class Note: HubMessage {
    /// Of one test.
    final class Count: Sendable {
        private let alive = Atomic(0)
        var value: Int { alive.load(ordering: .sequentiallyConsistent) }
        func change(by step: Int) { alive.add(step, ordering: .sequentiallyConsistent) }
    }

    let number: Int
    let byteCount: Int
    private let count: Count?

    init(_ number: Int, byteCount: Int = 1, _ count: Count? = nil) {
        (self.number, self.byteCount, self.count) = (number, byteCount, count)
        count?.change(by: 1)
    }

    deinit { count?.change(by: -1) }
}

/// What the readers of one test were told.
private final class Told: Sendable {
    private let state = Mutex<(wakes: [Int: Int], ends: [Int: HubEnd])>(([:], [:]))

    func note(_ end: HubEnd?, to reader: Int) {
        state.withLock { state in
            state.wakes[reader, default: 0] += 1
            if let end { state.ends[reader] = end }
        }
    }

    var wakes: [Int: Int] { state.withLock { $0.wakes } }
    var ends: [Int: HubEnd] { state.withLock { $0.ends } }
}

@Suite("Hubs: topics with members on all loops")
struct HubTests {
    private typealias NoteHub = Hub<String, Note>

    private static func rule(_ lag: HubRule.Lag, messages: Int = 8, bytes: Int = 1 << 20) -> HubRule {
        var rule = HubRule()
        (rule.lag, rule.messageCount, rule.byteCount) = (lag, messages, bytes)
        return rule
    }

    private static func withLoops(
        _ rule: HubRule, count: Int = 2, _ body: (EventLoopGroup, NoteHub) async throws -> Void
    ) async throws {
        let loops = try EventLoopGroup(count: count)
        try await body(loops, Hub(loops, rule: rule))
        await loops.shutdown()
    }

    /// What a member reads until its end.
    private static func readAll(_ member: HubMember<Note>) async throws -> (numbers: [Int], missed: [Int], end: HubEnd)
    {
        var (numbers, missed): ([Int], [Int]) = ([], [])
        while true {
            switch try await member.next() {
            case .message(let note): numbers.append(note.number)
            case .skipped(let count): missed.append(count)
            case .end(let reason): return (numbers, missed, reason)
            }
        }
    }

    private static func note(_ next: HubNext<Note>?) -> Note? {
        if case .message(let note) = next { note } else { nil }
    }

    private static func join(_ hub: NoteHub, on loop: EventLoop) async -> HubMember<Note> {
        await Task(executorPreference: loop) { hub.join("topic") }.value
    }

    @Test("All members see one order, whoever publishes from wherever")
    func order() async throws {
        try await Self.withLoops(Self.rule(.drops, messages: 10_000)) { loops, hub in
            var readers: [Task<[Int], any Error>] = []
            for index in 0..<20 {
                let member = await Self.join(hub, on: loops.loops[index % 2])
                readers.append(
                    Task(executorPreference: loops.loops[index % 2]) { try await Self.readAll(member).numbers })
            }
            await withTaskGroup(of: Void.self) { group in
                for publisher in 0..<4 {
                    group.addTask {
                        for number in 0..<500 { hub.publish(Note(publisher * 1000 + number), to: "topic") }
                    }
                }
            }
            hub.close()
            let first = try await readers[0].value
            #expect(first.count == 2000)
            for publisher in 0..<4 {
                #expect(first.filter { $0 / 1000 == publisher } == (0..<500).map { publisher * 1000 + $0 })
            }
            for reader in readers {
                let numbers = try await reader.value
                #expect(numbers == first)
            }
        }
    }

    @Test("Everyone gets the same value, and a loop that was busy is told once of everything that came")
    func once() async throws {
        try await Self.withLoops(Self.rule(.drops, messages: 100)) { loops, hub in
            let told = Told()
            var seats: [HubSeat<Note>] = []
            for index in 0..<600 {
                let loop = loops.loops[index % 2]
                seats.append(
                    await Task(executorPreference: loop) {
                        let seat = hub.join("topic") { told.note($0, to: index) }
                        #expect(seat.loop === loop && seat.takeNext() == nil)
                        return seat
                    }.value)
            }
            let held = await [HeldLoop(loops.loops[0]), HeldLoop(loops.loops[1])]
            let notes = (0..<50).map { Note($0) }
            for note in notes { hub.publish(note, to: "topic") }
            for loop in held { loop.letGo() }
            try await eventually("all were woken") { told.wakes.count == 600 }
            for seat in seats {
                for note in notes {
                    #expect(Self.note(seat.takeNext()) === note)
                }
                #expect(seat.takeNext() == nil)
            }
            #expect(told.wakes.values.allSatisfy { $0 == 1 } && told.ends.isEmpty)
        }
    }

    @Test("Where nobody is, nothing is kept, and whoever comes gets what comes later")
    func later() async throws {
        try await Self.withLoops(Self.rule(.drops)) { loops, hub in
            let count = Note.Count()
            for number in 0..<20 { hub.publish(Note(number, count), to: "topic") }
            #expect(count.value == 0 && hub.topicCount == 0)
            let member = await Self.join(hub, on: loops.loops[0])
            hub.publish(Note(20, count), to: "other")
            hub.publish(Note(21, count), to: "topic")
            hub.publishEverywhere(Note(22, count))
            hub.close()
            let read = try await Self.readAll(member)
            #expect(read.numbers == [21, 22] && read.end == .closed)
            try await eventually("nothing is kept") { count.value == 0 }
            let late = try await Self.readAll(hub.join("topic"))
            #expect(late.end == .closed)
        }
    }

    @Test("One who never reads is dropped with the reason, and never more is kept than the rule says")
    func drops() async throws {
        try await Self.withLoops(Self.rule(.drops)) { loops, hub in
            let count = Note.Count()
            let told = Told()
            let loop = loops.loops[0]
            let seat = await Task(executorPreference: loop) {
                hub.join("topic") { told.note($0, to: 0) }
            }.value
            let reader = await Self.join(hub, on: loop)
            for number in 0..<1000 {
                hub.publish(Note(number, count), to: "topic")
                #expect(count.value <= 8)
                let note = Self.note(try await reader.next())
                #expect(note?.number == number)
            }
            // Without ever asking.
            try await eventually("it was told") { told.ends[0] == .tooSlow }
            #expect(hub.memberCount(of: "topic") == 1)
            // When it was dropped, it had missed what came before what was kept then.
            #expect((1...992).contains(hub.missedCount))
            var end: HubEnd?
            if case .end(let reason) = seat.takeNext() { end = reason }
            #expect(end == .tooSlow)
            hub.close()
            let rest = try await Self.readAll(reader)
            #expect(rest.end == .closed)
            try await eventually("nothing is kept") { count.value == 0 }
        }
    }

    @Test("By the other rule it skips what is gone, learns how much that was, and goes on")
    func skips() async throws {
        try await Self.withLoops(Self.rule(.skips)) { loops, hub in
            let count = Note.Count()
            let member = await Self.join(hub, on: loops.loops[1])
            for number in 0..<100 {
                hub.publish(Note(number, count), to: "topic")
                #expect(count.value <= 8)
            }
            hub.close()
            let read = try await Self.readAll(member)
            #expect(read.numbers == Array(92..<100) && read.missed == [92] && read.end == .closed)
            #expect(hub.missedCount == 92)
        }
    }

    @Test("Bytes have a bound too, and the newest message is kept however large it is")
    func bytes() async throws {
        try await Self.withLoops(Self.rule(.skips, messages: 1000, bytes: 100), count: 1) { _, hub in
            let count = Note.Count()
            let member = hub.join("topic")
            for number in 0..<50 { hub.publish(Note(number, byteCount: 30, count), to: "topic") }
            #expect(count.value == 3)
            hub.publish(Note(50, byteCount: 5000, count), to: "topic")
            #expect(count.value == 1)
            hub.publish(Note(51, byteCount: 10, count), to: "topic")
            hub.close()
            let read = try await Self.readAll(member)
            #expect(read.numbers == [51])
        }
    }

    @Test("No sender waits, also when no loop moves")
    func sendersDoNotWait() async throws {
        try await Self.withLoops(Self.rule(.skips)) { loops, hub in
            let members = [await Self.join(hub, on: loops.loops[0]), await Self.join(hub, on: loops.loops[1])]
            let held = await [HeldLoop(loops.loops[0]), HeldLoop(loops.loops[1])]
            let count = Note.Count()
            // The loops go on only behind this.
            for number in 0..<10_000 { hub.publish(Note(number, count), to: "topic") }
            #expect(count.value <= 16)
            for loop in held { loop.letGo() }
            hub.close()
            for member in members {
                let read = try await Self.readAll(member)
                #expect(read.numbers == Array(9992..<10_000))
            }
        }
    }

    @Test(
        "Members come and go on all loops while messages go out: nobody misses one in between, and nobody stays behind")
    func churn() async throws {
        try await Self.withLoops(Self.rule(.drops, messages: 10_000), count: 3) { loops, hub in
            try await withThrowingTaskGroup(of: Void.self) { group in
                // One message each time that a loop goes round.
                group.addTask(executorPreference: loops.loops[0]) {
                    var number = 0
                    while !Task.isCancelled {
                        hub.publish(Note(number), to: "topic")
                        number += 1
                        await Task.yield()
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { visitors in
                    for visitor in 0..<60 {
                        visitors.addTask(executorPreference: loops.loops[visitor % 3]) {
                            for _ in 0..<10 { try await Self.visit(hub, reading: visitor % 7) }
                        }
                    }
                    try await visitors.waitForAll()
                }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(hub.topicCount == 0 && hub.memberCount(of: "topic") == 0)
        }
    }

    private static func visit(_ hub: NoteHub, reading count: Int) async throws {
        let member = hub.join("topic")
        var last: Int?
        for _ in 0..<count {
            let note = try #require(Self.note(try await member.next()))
            #expect(last == nil || note.number == last.map { $0 + 1 })
            last = note.number
        }
        if count % 2 == 0 { member.leave() }
    }

    @Test("Members are counted by kinds of topics, on all loops")
    func kinds() async throws {
        try await Self.withLoops(Self.rule(.drops)) { loops, hub in
            var members: [HubMember<Note>] = []
            for (index, topic) in ["a1", "a1", "a2", "b1"].enumerated() {
                let loop = loops.loops[index % 2]
                members.append(await Task(executorPreference: loop) { hub.join(topic) }.value)
            }
            #expect(hub.memberCounts { $0.first } == ["a": 3, "b": 1])
            members[3].leave()
            #expect(hub.memberCounts { $0.first } == ["a": 3])
            #expect(hub.missedCount == 0)
        }
    }

    @Test("A reader that is cancelled stops waiting, and one that left learns that")
    func leaving() async throws {
        try await Self.withLoops(Self.rule(.drops)) { loops, hub in
            let member = await Self.join(hub, on: loops.loops[0])
            let waiting = Task(executorPreference: loops.loops[0]) { try await member.next() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            // It is a member all the same.
            #expect(hub.memberCount(of: "topic") == 1)
            let reading = Task(executorPreference: loops.loops[0]) { try await Self.readAll(member).end }
            member.leave()
            let end = try await reading.value
            #expect(end == .left)
            #expect(hub.topicCount == 0)
        }
    }
}
