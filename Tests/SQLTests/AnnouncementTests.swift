import Synchronization
import Testing

@testable import SQL
@testable import TestSupport

@Suite("What servers of one database announce")
struct AnnouncementTests {
    /// What one server handed to another road than the database's.
    final class Road: Sendable {
        private let state = Mutex<[String]>([])
        var payloads: [String] { state.withLock { $0 } }
        func take(_ payload: String) { state.withLock { $0.append(payload) } }
    }

    struct Refused: Error {}

    private func withTwo(_ body: (Database, Database, Road) async throws -> Void) async throws {
        let (location, road) = (try TestDatabase.postgreSQL(), Road())
        let first = try await Database.open(location, migrations: [])
        first.announceAlso(by: road.take)
        let second = try await Database.open(location, migrations: [])
        let result: Result<Void, any Error>
        do {
            try await body(first, second, road)
            result = .success(())
        } catch { result = .failure(error) }
        await first.close()
        await second.close()
        try result.get()
    }

    /// The next announcement that is heard, whatever gaps come before.
    private func next(_ iterator: inout AsyncStream<Heard>.Iterator) async -> Announcement? {
        while let heard = await iterator.next(isolation: #isolation) {
            if case .announcement(let announcement) = heard { return announcement }
        }
        return nil
    }

    @Test("What comes by two roads is heard once, by the shorter one")
    func once() async throws {
        try await withTwo { first, second, road in
            var heard = try #require(second.heard).makeAsyncIterator()
            // It listens from its first gap on.
            #expect(await heard.next() == .gap)
            for number in 0..<50 {
                // A transaction says the same thing once, however often.
                try await first.write { transaction in
                    for _ in 0..<3 { try transaction.announce(Announcement("room", "number \(number)")) }
                }
                #expect(road.payloads.count == number + 1)
                if number % 2 == 0 { second.hear(try #require(road.payloads.last)) }
            }
            // All of them once more.
            for payload in road.payloads { #expect(!first.hear(payload)) }
            try await first.write { try $0.announce(Announcement("room", "end")) }
            // What came by one road alone may have been overtaken.
            var found: [Announcement?] = []
            while found.last != Announcement("room", "end"), found.count < 200 { found.append(await next(&heard)) }
            #expect(
                found.count == 51 && Set(found.dropLast()) == Set((0..<50).map { Announcement("room", "number \($0)") })
            )
            for payload in road.payloads.dropLast() { #expect(!second.hear(payload)) }
        }
    }

    @Test("The same change twice is announced twice")
    func twice() async throws {
        try await withTwo { first, second, road in
            var heard = try #require(second.heard).makeAsyncIterator()
            #expect(await heard.next() == .gap)
            for _ in 0..<2 { try await first.write { try $0.announce(Announcement("room", "same")) } }
            #expect(Set(road.payloads).count == 2)
            for _ in 0..<2 { #expect(await next(&heard) == Announcement("room", "same")) }
        }
    }

    @Test("What is not kept is announced on no road, and nobody hears itself or what is no announcement")
    func notKept() async throws {
        try await withTwo { first, second, road in
            var heard = try #require(second.heard).makeAsyncIterator()
            #expect(await heard.next() == .gap)
            await #expect(throws: Refused.self) {
                try await first.write { transaction in
                    try transaction.announce(Announcement("room", "never"))
                    throw Refused()
                }
            }
            #expect(road.payloads.isEmpty)
            for text in ["", "nonsense", "a.1 b", String(repeating: "x", count: 100_000)] {
                #expect(!second.hear(text))
            }
            // By another road only, as while the database's connection stands still.
            #expect(second.hear("stranger.1 room by the other road"))
            #expect(await next(&heard) == Announcement("room", "by the other road"))
        }
    }
}
