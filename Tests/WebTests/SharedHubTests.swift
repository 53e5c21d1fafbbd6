import Bus
import Cryptography
import Reactor
import SQL
import Telemetry
import Testing

@testable import TestSupport
@testable import Web

/// A text that travels as it is.
private struct Line: HubMessage, Equatable {
    var text: String
    var byteCount: Int { text.utf8.count }

    static let gap = Line(text: "(gap)")
}

@Suite("Hubs of several servers")
struct SharedHubTests {
    private typealias LineHub = SharedHub<Int, Line>

    /// What one server has.
    private struct House {
        let loops: EventLoopGroup
        let bus: RedisBus
        let channels: ServerChannels
        let hub: LineHub
    }

    private static func with(
        _ server: TestRedis, _ location: DatabaseLocation = .memory, _ body: (House) async throws -> Void
    ) async throws {
        let loops = try EventLoopGroup(count: 2)
        let address = try #require(RedisAddress(server.address()))
        let bus = try RedisBus(address, key: HMACSHA256(key: [1]), on: loops.loops[0], log: .silent)
        let form = LineHub.Form(
            name: { "\($0)" }, encode: { Array($0.text.utf8) },
            decode: { bytes in
                String(validating: bytes, as: UTF8.self).map { Line(text: $0) }
            }, gap: .gap)
        let database = try await Database.open(location, migrations: [])
        let channels = ServerChannels(redis: bus, database: database, on: loops.loops[0], log: .silent)
        let hub = LineHub("lines", loops, form: form, channels: channels)
        let house = House(loops: loops, bus: bus, channels: channels, hub: hub)
        let work = [Task { await bus.run() }, Task { await channels.run() }]
        let result: Result<Void, any Error>
        do {
            try await eventually("Redis is there") { bus.isConnected }
            result = .success(try await body(house))
        } catch { result = .failure(error) }
        for one in work {
            one.cancel()
            await one.value
        }
        await database.close()
        await loops.shutdown()
        await bus.close()
        try result.get()
    }

    private func next(_ member: HubMember<Line>) async throws -> String {
        switch try await member.next() {
        case .message(let line): line.text
        case .skipped(let count): "(\(count) skipped)"
        case .end(let end): "(\(end))"
        }
    }

    private func expect(
        _ text: String, at member: HubMember<Line>, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await next(member)
        #expect(found == text, sourceLocation: sourceLocation)
    }

    @Test("What is published at one server reaches the members at both, once and in order")
    func reaches() async throws {
        let server = try await TestRedis()
        try await Self.with(server) { first in
            try await Self.with(server) { second in
                let (here, there, elsewhere) = (first.hub.hub.join(7), second.hub.hub.join(7), second.hub.hub.join(8))
                for member in [here, there, elsewhere] { try await expect("(gap)", at: member) }
                for number in 0..<200 { first.hub.publish(Line(text: "\(number)"), to: 7) }
                for number in 0..<200 {
                    try await expect("\(number)", at: here)
                    try await expect("\(number)", at: there)
                }
                second.hub.publish(Line(text: "back"), to: 7)
                try await expect("back", at: here)
                try await expect("back", at: there)
                // Nothing of it came to another topic, nor twice.
                for topic in [7, 8] { first.hub.publish(Line(text: "end"), to: topic) }
                try await expect("end", at: here)
                try await expect("end", at: there)
                try await expect("end", at: elsewhere)
            }
        }
    }

    @Test("A server follows only what somebody listens to there")
    func followsWhatIsWanted() async throws {
        let server = try await TestRedis()
        try await Self.with(server) { house in
            #expect(house.bus.channelCount == 0)
            let members = [house.hub.hub.join(1), house.hub.hub.join(1), house.hub.hub.join(2)]
            #expect(house.bus.channelCount == 2)
            members[0].leave()
            #expect(house.bus.channelCount == 2)
            members[1].leave()
            members[2].leave()
            #expect(house.bus.channelCount == 0 && house.hub.hub.topicCount == 0)
            // And again.
            let member = house.hub.hub.join(1)
            try await expect("(gap)", at: member)
        }
    }

    @Test(
        "Without Redis members of a server hear each other, and when it is back they learn that they missed something")
    func away() async throws {
        let server = try await TestRedis()
        try await Self.with(server) { first in
            try await Self.with(server) { second in
                let (here, there) = (first.hub.hub.join(1), second.hub.hub.join(1))
                try await expect("(gap)", at: here)
                try await expect("(gap)", at: there)
                server.kill()
                try await eventually("both know") { !first.bus.isConnected && !second.bus.isConnected }
                #expect(!first.hub.publish(Line(text: "alone"), to: 1))
                try await expect("alone", at: here)
                try await server.start()
                try await expect("(gap)", at: here)
                try await expect("(gap)", at: there)
                try await eventually("it is back") { first.hub.publish(Line(text: "together"), to: 1) }
                var text = ""
                while text != "together" { text = try await next(there) }
            }
        }
    }

    @Test("What is too long stays here, and what nobody here has written is not believed")
    func bounds() async throws {
        let server = try await TestRedis()
        try await Self.with(server) { first in
            try await Self.with(server) { second in
                let member = second.hub.hub.join(1)
                try await expect("(gap)", at: member)
                #expect(!first.hub.publish(Line(text: String(repeating: "x", count: (64 << 10) + 1)), to: 1))
                // Nothing, of another version, no text, too long.
                let (sender, channel) = ([UInt8](repeating: 9, count: 8), Array("hub:lines:1".utf8))
                let head = [1, 0] + sender + [0, UInt8(channel.count)] + channel
                let frames: [[UInt8]] = [
                    [], [1], [2] + head.dropFirst() + [0x61], head + [0xFF],
                    head + [UInt8](repeating: 0x61, count: (64 << 10) + 513),
                ]
                for frame in frames { first.bus.publish(frame, to: "hub:lines:1") }
                let longest = String(repeating: "y", count: 64 << 10)
                #expect(first.hub.publish(Line(text: longest), to: 1))
                try await expect(longest, at: member)
            }
        }
    }

    @Test("With a database members hear those at other servers without Redis, too, and nothing twice when it is back")
    func fallsBack() async throws {
        let (server, location) = (try await TestRedis(), try TestDatabase.postgreSQL())
        try await Self.with(server, location) { first in
            try await Self.with(server, location) { second in
                let members = (first.hub.hub.join(1), second.hub.hub.join(1))
                try await expect("(gap)", at: members.0)
                try await expect("(gap)", at: members.1)
                /// Which of `name` a member reads before the last of them.
                func read(_ name: String, at member: HubMember<Line>) async throws -> [String] {
                    var found: [String] = []
                    while found.last != "\(name) end" { found.append(try await next(member)) }
                    return found.filter { $0 != "(gap)" }
                }
                for (number, road) in [ServerChannels.Road.redis, .database, .redis].enumerated() {
                    if number == 1 { server.kill() }
                    if number == 2 { try await server.start() }
                    try await eventually("both are on \(road)") {
                        first.channels.road == road && second.channels.road == road
                    }
                    if road == .redis {
                        try await eventually("both hear") { first.bus.isHearing && second.bus.isHearing }
                    }
                    let lines = (0..<100).map { "\(number) \($0)" } + ["\(number) end"]
                    for line in lines { #expect(first.hub.publish(Line(text: line), to: 1)) }
                    #expect(try await read("\(number)", at: members.0) == lines)
                    #expect(try await read("\(number)", at: members.1) == lines)
                }
            }
        }
    }
}
