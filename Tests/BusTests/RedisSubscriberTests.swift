import Reactor
import Synchronization
import Testing

@testable import Bus
@testable import TestSupport

@Suite("What servers tell each other by Redis")
struct RedisSubscriberTests {
    final class Heard: Sendable {
        private let news = Mutex<[RedisSubscriber.News]>([])
        var all: [RedisSubscriber.News] { news.withLock { $0 } }
        var gaps: Int { all.count { $0 == .gap } }
        var texts: [String] {
            all.compactMap { if case .message(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
        }
        func note(_ one: RedisSubscriber.News) { news.withLock { $0.append(one) } }
    }

    @Test("Who follows a channel hears what is published to it, in order, and nothing of others")
    func follows() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { first in
            try await RedisHouse.with(server.address()) { second in
                let (news, other) = (Heard(), Heard())
                first.bus.follow("news", news.note)
                first.bus.follow("other", other.note)
                try await eventually("both are followed") { news.gaps == 1 && other.gaps == 1 }
                for number in 0..<1000 { second.bus.publish(Array("\(number)".utf8), to: "news") }
                second.bus.publish(Array(0...255), to: "other")
                try await eventually("all came") { news.texts.count == 1000 && other.all.count == 2 }
                #expect(news.texts == (0..<1000).map { "\($0)" } && other.all.last == .message(Array(0...255)))
                first.bus.leave("news")
                // It is left when the next to be followed is followed.
                let last = Heard()
                first.bus.follow("last", last.note)
                try await eventually("the last is followed") { last.gaps == 1 }
                second.bus.publish(Array("late".utf8), to: "news")
                second.bus.publish(Array("end".utf8), to: "last")
                try await eventually("the end came") { last.texts == ["end"] }
                #expect(news.texts.count == 1000 && first.bus.channelCount == 2)
                #expect(second.bus.messageCounts.published == 1003 && first.bus.messageCounts.received == 1002)
            }
        }
    }

    @Test("Other installations on the same Redis hear nothing")
    func apart() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address(), key: "one") { first in
            try await RedisHouse.with(server.address(), key: "another") { second in
                let (heard, end) = (Heard(), Heard())
                first.bus.follow("news", heard.note)
                second.bus.follow("news", end.note)
                try await eventually("both are followed") { heard.gaps == 1 && end.gaps == 1 }
                second.bus.publish(Array("theirs".utf8), to: "news")
                try await eventually("it came where it belongs") { end.texts == ["theirs"] }
                first.bus.publish(Array("ours".utf8), to: "news")
                try await eventually("ours came") { heard.texts == ["ours"] }
            }
        }
    }

    @Test("After each time in which something may have been missed there is a gap")
    func gaps() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            let heard = Heard()
            house.bus.follow("news", heard.note)
            try await eventually("it is followed") { heard.gaps == 1 }
            server.kill()
            try await eventually("the client knows") { !house.bus.isConnected }
            #expect(!house.bus.publish(Array("lost".utf8), to: "news"))
            // One that begins meanwhile is followed, too.
            let later = Heard()
            house.bus.follow("later", later.note)
            try await server.start()
            try await eventually("both are followed") { heard.gaps == 2 && later.gaps == 1 && house.bus.isConnected }
            house.bus.publish(Array("found".utf8), to: "news")
            try await eventually("it came") { heard.texts == ["found"] }
        }
    }

    @Test("A user of Redis who may not subscribe is told of once")
    func refused() async throws {
        let server = try await TestRedis(
            "--user", "palco", "on", ">Secret-Horse-9", "~*", "+@all", "resetchannels")
        try await RedisHouse.with(server.address("palco:Secret-Horse-9@")) { house in
            house.bus.follow("news") { _ in }
            try await eventually("a line says so") { house.log.lines.contains { $0.contains("NOPERM") } }
            #expect(!house.log.lines.joined().contains("Horse"))
        }
    }
}
