import HTTP
import Reactor
import Testing

@testable import TestSupport
@testable import Web

@Suite("Topics over WebSockets")
struct HubSocketTests {
    /// Large enough that a few hundred fill what the kernel takes for one who reads nothing.
    private static func large(_ number: Int) -> WebSocketBroadcast {
        WebSocketBroadcast(.text("\(number) " + String(repeating: "x", count: 64 << 10)))
    }

    private static func number(_ text: String) -> Int? { text.split(separator: " ").first.flatMap { Int($0) } }

    private static func rule(_ lag: HubRule.Lag, messages: Int) -> HubRule {
        var rule = HubRule()
        (rule.lag, rule.messageCount, rule.byteCount) = (lag, messages, 16 << 20)
        return rule
    }

    @Test("Many sockets on two loops get everything in order, and what is said to each one alone comes in between")
    func everyone() async throws {
        try await HubServer.run(Self.rule(.drops, messages: 1000)) { house in
            let readers = (0..<40).map { _ in
                house.join { peer in
                    var numbers: [Int] = []
                    var echoes = 0
                    while numbers.count < 300 {
                        if numbers.count == 10, echoes == 0 { try await peer.send("echo") }
                        let text = try await peer.next()
                        if text == "echo" { echoes += 1 } else { numbers.append(Self.number(text) ?? -1) }
                    }
                    if echoes == 0 { #expect(try await peer.next() == "echo") }
                    return numbers
                }
            }
            try await house.waitForMembers(40)
            for number in 0..<300 {
                // Some of them are longer than what leaves in one piece.
                let filling = String(repeating: "y", count: number % 7 == 0 ? 5000 : number)
                house.hub.publish(WebSocketBroadcast(.text("\(number) \(filling)")), to: "all")
                if number % 20 == 0 { await Task.yield() }
            }
            for reader in readers {
                let numbers = try await reader.value
                #expect(numbers == Array(0..<300))
            }
        }
    }

    @Test("A peer that reads nothing is cut, and nobody else notices")
    func drops() async throws {
        var options = WebSocketOptions()
        options.closeTimeout = .milliseconds(100)
        let (ends, end) = AsyncStream.makeStream(of: WebSocketCloseCode?.self)
        try await HubServer.run(Self.rule(.drops, messages: 16), options, ended: { end.yield($0) }) { house in
            let (isOver, over) = AsyncStream<Void>.makeStream()
            let deaf = house.join { peer in for await _ in isOver {} }
            let (acknowledged, acknowledge) = AsyncStream.makeStream(of: Int.self)
            let reader = house.join { peer in
                defer { acknowledge.finish() }
                while case let text = try await peer.next(), text != "last" {
                    acknowledge.yield(Self.number(text) ?? -1)
                }
            }
            try await house.waitForMembers(2)
            var iterator = acknowledged.makeAsyncIterator()
            var number = 0
            while house.hub.memberCount(of: "all") == 2, number < 5000 {
                house.hub.publish(Self.large(number), to: "all")
                let read = await iterator.next()
                try #require(read == number)
                number += 1
            }
            var closed = ends.makeAsyncIterator()
            let code = await closed.next()
            #expect(code == .some(.abnormal))
            #expect(house.hub.memberCount(of: "all") == 1)
            house.hub.publish(WebSocketBroadcast(.text("last")), to: "all")
            try await reader.value
            over.finish()
            try await deaf.value
        }
    }

    @Test("A peer that reads nothing for a while skips messages by the other rule, and gets whole ones afterwards")
    func skips() async throws {
        try await HubServer.run(Self.rule(.skips, messages: 16)) { house in
            let (isFull, full) = AsyncStream<Void>.makeStream()
            let deaf = house.join { peer in
                for await _ in isFull {}
                var numbers: [Int] = []
                while case let text = try await peer.next(), text != "last" { numbers.append(Self.number(text) ?? -1) }
                return numbers
            }
            try await house.waitForMembers(1)
            // The loops have turns in between, so the socket takes what it can.
            for number in 0..<400 {
                house.hub.publish(Self.large(number), to: "all")
                for loop in house.group.loops { _ = await loop.lag() }
            }
            house.hub.publish(WebSocketBroadcast(.text("last")), to: "all")
            full.finish()
            let numbers = try await deaf.value
            #expect(numbers == numbers.sorted() && numbers.count < 400 && numbers.first == 0)
            // One less, which the last message made go.
            #expect(numbers.suffix(15) == Array(385..<400)[...])
        }
    }

    @Test("Whoever leaves a topic goes on talking, and a hub that closes says 1001")
    func leaving() async throws {
        try await HubServer.run(Self.rule(.drops, messages: 16)) { house in
            let leaver = house.join { peer in
                try await peer.send("leave")
                #expect(try await peer.next() == "leave")
                try await peer.send("still there")
                return try await peer.next()
            }
            let reader = house.join { peer in [try await peer.next(), try await peer.next()] }
            let words = try await leaver.value
            #expect(words == "still there")
            try await house.waitForMembers(1)
            house.hub.publish(WebSocketBroadcast(.text("end")), to: "all")
            house.hub.close()
            let last = try await reader.value
            #expect(last == ["end", "close 1001 "])
        }
    }
}
