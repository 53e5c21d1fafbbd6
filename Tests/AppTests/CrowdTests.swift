import Dispatch
import HTTP
import Reactor
import Testing
import Videos
import Web

@testable import App
@testable import SQL
@testable import TestSupport

@Suite("What a crowd at one door leaves of the others")
struct CrowdTests {
    /// Keeps threads waiting until it is opened.
    struct Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        let arrivals: AsyncStream<Void>
        private let arrived: AsyncStream<Void>.Continuation

        init() { (arrivals, arrived) = AsyncStream.makeStream(of: Void.self) }

        /// For one of the threads.
        func wait() {
            arrived.yield()
            semaphore.wait()
            semaphore.signal()
        }

        /// Lets all through, also those who come later.
        func open() { semaphore.signal() }
    }

    @Test("Lists wait in a line of their own: where it is full they are refused, and sessions are not")
    func lists() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(.socket, house, port)
            let (database, gate) = (house.database, Gate())
            defer { gate.open() }
            let threads = database.scanning.connectionCount
            let first = (0..<threads).map { _ in Task { try await database.scan { _ in gate.wait() } } }
            var arrivals = gate.arrivals.makeAsyncIterator()
            for _ in first { await arrivals.next() }
            // The threads are busy from here on, so exactly the line's length of these is not refused.
            let (refusals, refused) = AsyncStream.makeStream(of: Void.self)
            let length = 256
            for _ in 0..<length + 20 {
                Task { do { try await database.scan { _ in } } catch { refused.yield() } }
            }
            var count = 0
            for await _ in refusals {
                count += 1
                if count == 20 { break }
            }
            let list = try await client.get("/api/v1/videos")
            #expect(list.status == 503 && list["code"] == "busy")
            #expect(try await client.get("/api/v1/auth/me").status == 200)
            gate.open()
            for each in first { try await each.value }
            // The line is served in order.
            while case let status = try await client.get("/api/v1/videos").status, status != 200 {
                try #require(status == 503)
            }
        }
    }

    enum Door: CaseIterable {
        case signIns, unlocking, uploadPasswords
    }

    @Test(
        "Whoever keeps the hashing of one purpose busy holds up no other", .timeLimit(.minutes(2)),
        arguments: Door.allCases)
    func hashing(busy: Door) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let token = try await house.token(of: .admin)
        let (id, other) = (try await house.addVideo(), try await house.addVideo())
        let pools = house.server.services.pools
        let pool =
            switch busy {
            case .signIns: pools.signIns
            case .unlocking: pools.unlocking
            case .uploadPasswords: pools.uploadPasswords
            }
        @Sendable func setPassword(of id: VideoID) async throws -> Bool {
            let client = InProcessClient(house.application)
            client.headers["Authorization"] = "Bearer \(token)"
            return try await client.send(.patch, "/api/v1/videos/\(id)", json: ["password": "sesame"]).status == .ok
        }
        @Sendable func pass(_ door: Door) async throws -> Bool {
            let client = InProcessClient(house.application)
            client.headers["Authorization"] = "Bearer \(token)"
            switch door {
            case .signIns: return try await !house.token(of: .admin).isEmpty
            case .unlocking:
                return try await client.send(.post, "/api/v1/videos/\(id)/unlock", json: ["password": "sesame"])
                    .status == .ok
            case .uploadPasswords: return try await setPassword(of: other)
            }
        }
        try #require(try await setPassword(of: id))
        let gate = Gate()
        for _ in 0..<pool.threadCount { Task { try await pool.run { gate.wait() } } }
        var arrivals = gate.arrivals.makeAsyncIterator()
        for _ in 0..<pool.threadCount { await arrivals.next() }
        let (passes, passed) = AsyncStream.makeStream(of: Door.self)
        let all = Task {
            // Each on its own: one that waits holds up nothing but itself.
            await withTaskGroup(of: Void.self) { group in
                for door in Door.allCases {
                    group.addTask { if (try? await pass(door)) == true { passed.yield(door) } }
                }
            }
            passed.finish()
        }
        var others: [Door] = []
        for await door in passes {
            others.append(door)
            if others.count == 2 { break }
        }
        #expect(Set(others) == Set(Door.allCases).subtracting([busy]))
        gate.open()
        await all.value
        await house.server.stop()
    }
}
