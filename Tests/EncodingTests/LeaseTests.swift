import Reactor
import SQL
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Leases of running tasks")
struct LeaseTests {
    private static func lease(_ studio: Studio) async throws -> (task: TaskID, end: Int64)? {
        try await studio.database.read { access in
            let row = try access.first(
                "SELECT id, lease_until FROM encoding_tasks WHERE kind = 'chunk' AND lease_owner IS NOT NULL ORDER BY chunk"
            )
            return try row.map { (try $0.value("id"), try $0.value("lease_until")) }
        }
    }

    @Test("A worker keeps its task for longer than one lease, so that nobody else takes it")
    func heartbeat() async throws {
        var settings = EncodingSettings()
        settings.lease = .milliseconds(300)
        settings.workerCount = 1
        try await Studio.with(settings) { studio in
            let path = try await TestMedia.film(
                "long.mkv", in: studio, size: "1280x720", seconds: 20, sound: false, ["-c:v", "mpeg4", "-q:v", "3"])
            let id = try await studio.add(path)
            var first: (task: TaskID, end: Int64)?
            try await eventually("three heartbeats at least have moved the end of a task's lease") {
                let now = try await Self.lease(studio)
                if first == nil || now?.task != first?.task { first = now }
                guard let now, let first else { return false }
                return now.end - first.end > 900_000
            }
            try await studio.complete(id)
            #expect(studio.changes.all(of: id).last?.status == .ready)
        }
    }

    @Test("A worker whose task was taken over stops, and writes nothing down")
    func loss() async throws {
        var settings = EncodingSettings()
        settings.lease = .milliseconds(300)
        settings.workerCount = 1
        try await Studio.with(settings) { studio in
            let path = try await TestMedia.film(
                "long.mkv", in: studio, size: "1280x720", seconds: 20, sound: false, ["-c:v", "mpeg4", "-q:v", "3"])
            let id = try await studio.add(path)
            var held: (task: TaskID, end: Int64)?
            try await eventually("a task is held") {
                held = try await Self.lease(studio)
                return held != nil
            }
            let task = try #require(held?.task)
            _ = try await studio.database.write { transaction in
                try transaction.execute(
                    "UPDATE encoding_tasks SET lease_owner = 'another/1/1', lease_token = $3, lease_until = $2 WHERE id = $1",
                    task, studio.now + 3_600_000_000, LeaseID())
            }
            try await eventually("the worker has stopped") { !studio.workers.running.contains(task) }
            let owner = try await studio.database.read {
                try $0.first("SELECT lease_owner FROM encoding_tasks WHERE id = $1", task)?
                    .value("lease_owner", as: String.self)
            }
            #expect(owner == "another/1/1")
            let queue = studio.queue
            try await studio.database.write { try queue.remove(id, in: $0) }
        }
    }
}
