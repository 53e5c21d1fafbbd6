import Reactor
import SQL
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Workers in other processes")
struct WorkersTests {
    private static let server = {
        var settings = EncodingSettings()
        settings.workerCount = 0
        settings.segmentPatience = .seconds(120)
        return settings
    }()

    private static let worker = {
        var settings = EncodingSettings()
        settings.workerCount = 1
        return settings
    }()

    @Test("A server without workers plays what a worker elsewhere makes, and what its viewers wait for comes first")
    func awaited() async throws {
        try await Site.with([Self.server, Self.worker]) { studio, sites in
            let (server, worker) = (sites[0], sites[1])
            let id = try await server.add(TestMedia.surveillance, studio)
            try await worker.working {
                try await eventually("the server has heard that it is planned") {
                    try await server.playback.presentation(id)?.video.isEmpty == false
                }
                let last = try #require(try await server.playback.presentation(id)?.video[0].segmentDurations.count) - 1
                let answer = try await server.playback.segment(id, rendition: "576p", number: last)
                guard case .file = answer else {
                    Issue.record("\(answer)")
                    return
                }
                let progress = worker.changes.all(of: id).map(\.progress).max() ?? 1
                #expect(progress < 0.9, "the rest is still being made")
                try await eventually("nobody waits any more") {
                    try await server.database.read { try $0.first("SELECT id FROM encoding_demands") } == nil
                        && worker.queue.demands.all.isEmpty
                }
            }
        }
    }

    private static func demand(_ id: EncodingID, _ segment: Int, _ rendition: String = "576p") -> Demands.Demand {
        Demands.Demand(video: id, kind: .chunk, chunk: segment / 4, rendition: rendition, segment: segment)
    }

    @Test("Of several workers one makes what is waited for; what it could not make another may")
    func exclusive() async throws {
        try await Site.with([Self.server, Self.worker, Self.worker]) { studio, sites in
            let (server, first, second) = (sites[0], sites[1], sites[2])
            let id = try await server.add(TestMedia.bikes, studio)
            let demand = Self.demand(id, 3)
            let row = try await server.relay.publish(demand, by: 7, patience: .seconds(60))
            _ = try await server.relay.publish(Self.demand(id, 3, "240p"), by: 8, patience: .seconds(60))
            // Each kind of picture of a segment is made at once, so one of them stands for all.
            #expect(try await first.relay.claim(demand))
            #expect(try await !second.relay.claim(demand))
            #expect(try await !second.relay.claim(Self.demand(id, 3, "240p")))
            #expect(try await !second.relay.claim(Self.demand(id, 4)))
            try await first.relay.release(demand)
            #expect(try await second.relay.claim(demand))
            try await server.relay.withdraw(row, of: demand)
            try await server.database.write { [queue = server.queue] in try queue.remove(id, in: $0) }
            #expect(try await server.database.read { try $0.first("SELECT id FROM encoding_demands") } == nil)
        }
    }

    @Test("A worker knows what viewers elsewhere wait for, as long as they do and their server lives")
    func mirrored() async throws {
        try await Site.with([Self.server, Self.worker]) { studio, sites in
            let (server, worker) = (sites[0], sites[1])
            let loop = studio.loops.next()
            let id = try await server.add(TestMedia.bikes, studio)
            let known = { worker.queue.demands.all.map(\.segment) }
            var rows: [DemandID] = []
            for segment in [2, 9] {
                rows.append(
                    try await server.relay.publish(Self.demand(id, segment), by: 1, patience: .seconds(600)))
            }
            try await worker.relay.read(on: loop)
            // One viewer's newest comes first, as in the viewer's own server.
            #expect(known() == [9, 2])
            try await server.relay.read(on: loop)
            #expect(server.queue.demands.all.isEmpty, "its own are no guests")
            try await server.relay.withdraw(rows[1], of: Self.demand(id, 9))
            try await worker.relay.read(on: loop)
            #expect(known() == [2])
            // The server ended without a word.
            _ = try await server.database.write { try $0.execute("UPDATE encoding_demands SET expires_at = 1") }
            try await worker.relay.read(on: loop)
            #expect(known() == [])
            try await worker.relay.tidy()
            #expect(try await server.database.read { try $0.first("SELECT id FROM encoding_demands") } == nil)
            #expect(
                try await server.relay.publish(Self.demand(EncodingID(), 1), by: 1, patience: .seconds(1)) != rows[0])
            #expect(
                try await server.database.read { try $0.first("SELECT id FROM encoding_demands") } == nil,
                "nothing is kept of a video that is not there")
        }
    }

    @Test("A worker that is drained ends with what it has in hand, and takes nothing more")
    func drained() async throws {
        var settings = Self.worker
        // What is in hand takes a while.
        settings.tasks = try #require(TaskLimits(kinds: ["plan", "chunk"], maxLines: nil))
        let limited = settings
        try await Site.with([limited]) { studio, sites in
            let worker = sites[0]
            let id = try await worker.add(TestMedia.surveillance, studio)
            func leased() async throws -> Int {
                try await worker.database.read {
                    try $0.first("SELECT COUNT(*) AS n FROM encoding_tasks WHERE lease_owner IS NOT NULL")?.value("n")
                        ?? 0
                }
            }
            let run = Task(executorPreference: studio.loops.next()) { try await worker.workers.run() }
            try await eventually("a chunk is in hand") {
                try await worker.database.read {
                    try $0.first("SELECT id FROM encoding_tasks WHERE kind = 'chunk' AND lease_owner IS NOT NULL")
                } != nil
            }
            let before = try #require(try await EncodingQueue.workers(of: worker.database).first)
            #expect(before.state == .working && before.places == 1 && before.kinds == ["chunk", "plan"])
            #expect(before.process > 0 && !before.host.isEmpty && before.maxLines == nil)
            worker.workers.drain()
            try await run.value
            #expect(try await leased() == 0)
            #expect(try await EncodingQueue.workers(of: worker.database).isEmpty)
            let made = try await worker.database.read { access in
                (
                    try EncodingStore.renditions(id, in: access).map(\.madeCount).max() ?? 0,
                    try access.first("SELECT COUNT(*) AS n FROM encoding_tasks WHERE attempts > 0")?
                        .value("n", as: Int.self) ?? -1
                )
            }
            #expect(made.0 > 0, "what was in hand is done")
            #expect(made.1 == 0, "nothing was begun and given back")
        }
    }

    @Test("A worker that is not heard of for a minute is lost")
    func lost() async throws {
        try await Site.with([Self.worker]) { _, sites in
            let worker = sites[0]
            try await worker.working {
                try await eventually("it is here") {
                    try await EncodingQueue.workers(of: worker.database).map(\.state) == [.idle]
                }
                _ = try await worker.database.write {
                    try $0.execute("UPDATE encoding_workers SET seen_at = seen_at - 61000000")
                }
                #expect(try await EncodingQueue.workers(of: worker.database).map(\.state) == [.lost])
            }
        }
    }
}
