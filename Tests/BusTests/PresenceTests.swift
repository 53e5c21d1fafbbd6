import Reactor
import SQL
import Testing

@testable import Bus
@testable import TestSupport

@Suite("Who is where, over all servers")
struct PresenceTests {
    /// Short, so that no test waits long. What is asserted is true whenever it is asked.
    private static let short = Presence.Timing(beat: .milliseconds(100), patience: .seconds(2))

    private func ids(_ presence: Presence, _ topic: String = "room", limit: Int = 100) async -> [String] {
        await presence.members(of: topic, limit: limit).map(\.id)
    }

    private func shows(_ wanted: [String], in presence: Presence, _ topic: String = "room") async throws {
        try await eventually("\(wanted) are in \(topic)") {
            let (found, count) = (await ids(presence, topic), await presence.count(of: topic))
            return found == wanted && count == wanted.count
        }
    }

    /// Two servers with a Redis and a database, or with the database alone.
    private func withTwo(
        redis: Bool, _ body: (ChannelHouse, ChannelHouse, TestRedis?) async throws -> Void
    ) async throws {
        let (server, location) = try await (redis ? TestRedis() : nil, TestDatabase.postgreSQL())
        try await ChannelHouse.with(server?.address(), location) { first in
            try await ChannelHouse.with(server?.address(), location) { second in
                let road = redis ? ServerChannels.Road.redis : .database
                try await eventually("both are there") { first.channels.road == road && second.channels.road == road }
                try await body(first, second, server)
            }
        }
    }

    @Test("Members of all servers are counted once and listed, with what is said of them", arguments: [true, false])
    func members(redis: Bool) async throws {
        try await withTwo(redis: redis) { first, second, _ in
            try await first.with { here in
                try await second.with { there in
                    let anna = try here.enter("room", as: "anna", value: "Anna")
                    // Two windows at one server, and one at the other.
                    var ben = [
                        try here.enter("room", as: "ben", value: "B"), try here.enter("room", as: "ben", value: "Ben"),
                    ]
                    ben.append(try there.enter("room", as: "ben", value: "Ben"))
                    let eve = try there.enter("other:room", as: "eve", value: "")
                    for presence in [here, there] {
                        try await shows(["anna", "ben"], in: presence)
                        try await shows(["eve"], in: presence, "other:room")
                        #expect(await presence.count(of: "nowhere") == 0)
                    }
                    #expect(
                        await there.members(of: "room") == [
                            .init(id: "anna", value: "Anna"), .init(id: "ben", value: "Ben"),
                        ])
                    #expect(await ids(there, limit: 1) == ["anna"])
                    ben.removeFirst(2)
                    anna.leave()
                    anna.leave()
                    try await shows(["ben"], in: here)
                    ben = []
                    eve.leave()
                    for presence in [here, there] {
                        try await shows([], in: presence)
                        try await shows([], in: presence, "other:room")
                    }
                }
            }
        }
    }

    @Test("Members of a server that died are gone soon, and nobody else's", arguments: [true, false])
    func dies(redis: Bool) async throws {
        try await withTwo(redis: redis) { first, second, _ in
            try await first.with(Self.short) { here in
                let anna = try here.enter("room", as: "anna")
                var seats: [PresenceSeat] = []
                try await second.with(Self.short) { there in
                    seats = [try there.enter("room", as: "ben"), try there.enter("empty", as: "ben")]
                    try await shows(["anna", "ben"], in: here)
                    try await shows(["ben"], in: here, "empty")
                }
                try await shows(["anna"], in: here)
                try await shows([], in: here, "empty")
                if !redis {
                    try await eventually("no row of it is left") {
                        try await first.database.read { try $0.query("SELECT server FROM presence_servers").count } == 1
                    }
                    #expect(try await first.database.read { try $0.query("SELECT member FROM presence").count } == 1)
                }
                withExtendedLifetime((anna, seats)) {}
            }
        }
    }

    @Test("A server whose Redis alone is away knows of all, and all of it")
    func oneAlone() async throws {
        let (server, none, location) = (try await TestRedis(), try await TestRedis(), try TestDatabase.postgreSQL())
        none.kill()
        try await ChannelHouse.with(server.address(), location) { first in
            try await ChannelHouse.with(none.address(), location) { second in
                try await first.with { here in
                    try await second.with { there in
                        let seats = [try here.enter("room", as: "anna"), try there.enter("room", as: "ben")]
                        for presence in [here, there] { try await shows(["anna", "ben"], in: presence) }
                        withExtendedLifetime(seats) {}
                    }
                }
            }
        }
    }

    @Test("A server that stops takes its members with it at once", arguments: [true, false])
    func stops(redis: Bool) async throws {
        try await withTwo(redis: redis) { first, second, _ in
            try await first.with { here in
                let there = Presence("rooms", channels: second.channels)
                let seat = try there.enter("room", as: "ben")
                let work = Task { await there.run() }
                try await shows(["ben"], in: here)
                work.cancel()
                await work.value
                #expect(await here.count(of: "room") == 0)
                seat.leave()
            }
        }
    }

    @Test("When Redis is killed the database knows who is there, and Redis again when it is back, empty as it is")
    func killed() async throws {
        try await withTwo(redis: true) { first, second, redis in
            let redis = try #require(redis)
            try await first.with { here in
                try await second.with { there in
                    var seats = [try here.enter("room", as: "anna"), try there.enter("room", as: "ben")]
                    for presence in [here, there] { try await shows(["anna", "ben"], in: presence) }
                    redis.kill()
                    try await eventually("both know") {
                        first.channels.road == .database && second.channels.road == .database
                    }
                    for presence in [here, there] { try await shows(["anna", "ben"], in: presence) }
                    seats.append(try there.enter("room", as: "carl"))
                    for presence in [here, there] { try await shows(["anna", "ben", "carl"], in: presence) }
                    try await redis.start()
                    try await eventually("both have it") {
                        first.channels.road == .redis && second.channels.road == .redis
                    }
                    seats.removeFirst()
                    for presence in [here, there] { try await shows(["ben", "carl"], in: presence) }
                    try await eventually("no rows are left") {
                        try await first.database.read { try $0.query("SELECT server FROM presence_servers").count } == 0
                    }
                }
            }
        }
    }

    @Test("What a store has lost comes back with the next beat", arguments: [true, false])
    func lost(redis: Bool) async throws {
        try await withTwo(redis: redis) { first, second, server in
            try await first.with(Self.short) { here in
                try await second.with(Self.short) { there in
                    let seats = try (1000..<2100).map { try here.enter("room", as: "\($0)") }
                    try await shows((1000..<1100).map { "\($0)" }, count: 1100, in: there)
                    if redis {
                        _ = try await first.redis?.run(
                            RedisScript("redis.call('FLUSHALL') return 0"), RedisScript.Words(keys: [], []))
                    } else {
                        // As another server does that takes this one for dead.
                        try await second.database.write { transaction in
                            for table in ["presence", "presence_servers"] {
                                try transaction.execute("DELETE FROM \(table)")
                            }
                        }
                    }
                    try await shows((1000..<1100).map { "\($0)" }, count: 1100, in: there)
                    withExtendedLifetime(seats) {}
                }
            }
        }
    }

    private func shows(_ wanted: [String], count: Int, in presence: Presence) async throws {
        try await eventually("\(count) are there") {
            let (found, foundCount) = (await ids(presence), await presence.count(of: "room"))
            return found == wanted && foundCount == count
        }
    }

    @Test("A server alone knows its own, and takes so many of so much and no more")
    func bounds() async throws {
        try await ChannelHouse.with(nil, .memory) { house in
            try await house.with(mostEntries: 2) { presence in
                let seats = [try presence.enter("room", as: "b", value: "B"), try presence.enter("room", as: "a")]
                #expect(await presence.members(of: "room") == [.init(id: "a", value: ""), .init(id: "b", value: "B")])
                #expect(throws: PresenceError.full) { try presence.enter("other", as: "b") }
                _ = try presence.enter("room", as: "a", value: "A")
                #expect(await presence.count(of: "room") == 2)
                let long = String(repeating: "x", count: 129)
                for (topic, id, value) in [
                    (long, "a", ""), ("room", long, ""), ("room", "a", long + long), ("room", "a\0", ""),
                ] {
                    #expect(throws: PresenceError.malformed) { try presence.enter(topic, as: id, value: value) }
                }
                seats[1].leave()
                #expect(await ids(presence) == ["b"])
                _ = try presence.enter("other", as: "b")
                #expect(await presence.count(of: "other") == 0)
                withExtendedLifetime(seats) {}
            }
        }
    }
}
