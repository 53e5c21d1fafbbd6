import BaseEncoding
import Reactor
import SQL
import Testing

@testable import Bus
@testable import TestSupport

@Suite("Channels of servers, by Redis and by the database")
struct ServerChannelsTests {
    private func publish(_ text: String, from house: ChannelHouse, to name: String = "news") -> Bool {
        house.channels.publish(Array(text.utf8), to: name)
    }

    @Test("Without Redis messages go by the database: in order, once, to the others only, and however long they may be")
    func database() async throws {
        let location = try TestDatabase.postgreSQL()
        try await ChannelHouse.with(nil, location) { first in
            try await ChannelHouse.with(nil, location) { second in
                let (own, news, other) = (
                    try await first.follow("news"), try await second.follow("news"), try await second.follow("ot her")
                )
                // Alike, empty, of any bytes, and as long as can be.
                let longest = (0..<ServerChannels.mostBytes).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }
                let sent =
                    [[1], [1], [], Array(0...255), longest, longest, [2]] + (0..<500).map { Array("\($0)".utf8) }
                for message in sent { #expect(first.channels.publish(message, to: "news")) }
                #expect(!first.channels.publish(longest + [0], to: "news"))
                #expect(publish("end", from: first, to: "ot her"))
                try await eventually("the end came") { other.texts == ["end"] }
                #expect(news.messages == sent)
                #expect(own.messages.isEmpty)
                second.channels.leave("news")
                #expect(publish("late", from: first) && publish("end", from: first, to: "ot her"))
                try await eventually("the end came again") { other.texts == ["end", "end"] }
                #expect(news.messages.count == sent.count)
            }
        }
    }

    @Test("When Redis is killed messages go by the database, and by Redis again when it is back; none comes twice")
    func killed() async throws {
        let (server, location) = (try await TestRedis(), try TestDatabase.postgreSQL())
        try await ChannelHouse.with(server.address(), location) { first in
            try await ChannelHouse.with(server.address(), location) { second in
                let (here, there) = (try await first.follow("news"), try await second.follow("news"))
                try await eventually("both have Redis") {
                    first.channels.road == .redis && second.channels.road == .redis
                }
                var number = 0
                /// All the while both publish; what is told after a gap comes.
                func passes(_ road: ServerChannels.Road) async throws {
                    try await eventually("messages go by \(road)") {
                        number += 1
                        _ = (publish("a\(number)", from: first), publish("b\(number)", from: second))
                        return first.channels.road == road && second.channels.road == road
                            && there.texts.suffix(2).contains("a\(number - 1)")
                            && here.texts.suffix(2).contains("b\(number - 1)")
                    }
                    let (a, b) = (there.texts.count, here.texts.count)
                    let last = number + 200
                    while number < last {
                        number += 1
                        #expect(publish("a\(number)", from: first) && publish("b\(number)", from: second))
                    }
                    try await eventually("all came by \(road)") {
                        there.texts.last == "a\(last)" && here.texts.last == "b\(last)"
                    }
                    // In order, and nothing is missing. One of before that went by the other road may come between them.
                    let own = last - 199...last
                    #expect(there.texts[a...].filter { own.contains(Int($0.dropFirst()) ?? 0) } == own.map { "a\($0)" })
                    #expect(here.texts[b...].filter { own.contains(Int($0.dropFirst()) ?? 0) } == own.map { "b\($0)" })
                }
                try await passes(.redis)
                let gaps = (here.gaps, there.gaps)
                let before = first.redis?.messageCounts.published
                server.kill()
                try await eventually("both know") {
                    first.channels.road == .database && second.channels.road == .database
                }
                try await passes(.database)
                // Something may have been lost on its way to Redis.
                try await eventually("both were told") { here.gaps > gaps.0 && there.gaps > gaps.1 }
                let handed = first.redis?.messageCounts.published
                #expect(publish("by the database", from: first) && first.redis?.messageCounts.published == handed)
                try await server.start()
                try await passes(.redis)
                #expect(try #require(first.redis?.messageCounts.published) >= #require(before) + 200)
                for heard in [here, there] { #expect(Set(heard.texts).count == heard.texts.count) }
                // It is told once it is looked at.
                try await eventually("both changes are told") {
                    let words = first.log.lines.filter { $0.contains("messages between servers") }.suffix(2)
                    return words.first?.contains("by the database") == true
                        && words.last?.contains("by Redis again") == true
                }
            }
        }
    }

    @Test(
        "A server whose Redis alone is away hears the others and is heard, and they are on Redis again once it is gone")
    func oneAlone() async throws {
        let (server, none, location) = (try await TestRedis(), try await TestRedis(), try TestDatabase.postgreSQL())
        none.kill()
        try await ChannelHouse.with(server.address(), location) { first in
            let here = try await first.follow("news")
            try await eventually("it has Redis") { first.channels.road == .redis }
            try await ChannelHouse.with(none.address(), location) { second in
                let there = try await second.follow("news")
                try await eventually("the other knows") { first.channels.road == .database }
                #expect(first.redis?.isConnected == true)
                #expect(publish("to who has none", from: first) && publish("from who has none", from: second))
                try await eventually("both came") {
                    there.texts == ["to who has none"] && here.texts == ["from who has none"]
                }
                // Who follows nothing need not be heard.
                second.channels.leave("news")
                try await eventually("it goes by Redis again") { first.channels.road == .redis }
            }
        }
    }

    @Test("What waits for the database is bounded, and others are told that something is missing")
    func bounded() async throws {
        let location = try TestDatabase.postgreSQL()
        try await ChannelHouse.with(nil, location) { second in
            let there = try await second.follow("news")
            let gaps = there.gaps
            let loops = try EventLoopGroup(count: 1)
            let database = try await Database.open(location, migrations: [Presence.migrations])
            let first = ServerChannels(redis: nil, database: database, on: loops.loops[0], log: .silent)
            // It does not work yet.
            for _ in 0..<ServerChannels.mostWaiting { #expect(first.publish([1], to: "news")) }
            #expect(!first.publish([1], to: "news"))
            let work = Task { await first.run() }
            try await eventually("what waited came") { there.messages.count == ServerChannels.mostWaiting }
            try await eventually("it was told") { there.gaps > gaps }
            #expect(first.publish([2], to: "news"))
            try await eventually("it goes on") { there.messages.last == [2] }
            work.cancel()
            await work.value
            await database.close()
            await loops.shutdown()
        }
    }

    @Test("A server alone publishes to nobody")
    func alone() async throws {
        try await ChannelHouse.with(nil, .memory) { house in
            house.channels.follow("news") { _ in }
            #expect(!house.channels.publish([1], to: "news") && house.channels.road == .none)
        }
    }

    @Test("Frames are whole or nothing, and what no server has written is no frame")
    func frames() throws {
        let sender: [UInt8] = Array(0..<8)
        let frame = try #require(ChannelFrame(Array(repeating: 7, count: 20_000), to: "näme", from: sender))
        #expect(ChannelFrame(frame.bytes) == frame)
        let pieces = frame.pieces(number: 3)
        #expect(pieces.count == 4 && pieces.allSatisfy { $0.utf8.count < 8000 })
        var joiner = ChannelFrame.Joiner()
        // Of one that was cut off before, something strange, and then all of it.
        #expect(pieces.prefix(2).allSatisfy { joiner.take($0) == nil } && joiner.take("strange") == nil)
        #expect(pieces.dropLast().allSatisfy { joiner.take($0) == nil } && joiner.take(pieces[3]) == frame)
        // One is missing, or is another's.
        #expect([pieces[0], pieces[2], pieces[3]].allSatisfy { joiner.take($0) == nil })
        let others = frame.pieces(number: 4)
        #expect([pieces[0], others[1], pieces[2], pieces[3]].allSatisfy { joiner.take($0) == nil })
        for text in [
            "", "a 0/1", "a 0/1 !", "a 1/1 AA==", "a 0/0 AA==", "a -1/1 AA==", "a 0/9999999999999999999 AA==",
            "a 0/1 AA==",
        ] {
            #expect(joiner.take(text) == nil, "\(text)")
        }
        let bytes = frame.bytes
        #expect(ChannelFrame([2] + bytes.dropFirst()) == nil && ChannelFrame([1, 9] + bytes.dropFirst(2)) == nil)
        for count in 0..<17 { #expect(ChannelFrame(Array(bytes.prefix(count))) == nil) }
        #expect(ChannelFrame([1, 0] + sender + [0, 1, 0xFF]) == nil)
        #expect(ChannelFrame(bytes + Array(repeating: 0, count: 64 << 10)) == nil)
        #expect(ChannelFrame([], to: String(repeating: "n", count: 513), from: sender) == nil)
    }
}
