import FoundationEssentials
import Reactor
import SQL
import Synchronization
import Testing

@testable import Mail
@testable import TestSupport

@Suite("The queue of mails")
struct MailQueueTests {
    struct Refused: Error {}

    @Test("A mail is kept with its transaction or not at all, is sent once, and leaves nothing behind")
    func sent() async throws {
        let house = try await MailHouse()
        let queue = house.queue()
        await #expect(throws: Refused.self) {
            try await house.database.write { transaction in
                let message = MailMessage(
                    to: MailHouse.address("eve"), subject: "S", text: "", html: "", language: .english)
                try queue.post(message, until: .distantFuture, in: transaction)
                throw Refused()
            }
        }
        try await house.post(to: "ann", in: queue)
        #expect(queue.numbers.waiting == 1)
        await house.sendDue(queue)
        #expect(house.recipients == ["ann@example.org"])
        #expect(house.mails[0].message.contains("\r\nsecret of ann\r\n"))
        #expect(try await house.rowCount() == 0)
        #expect(queue.numbers == MailQueue.Numbers(waiting: 0, oldest: nil, sent: 1, failed: 0, dropped: 0))
        #expect(!house.log.lines.contains { $0.contains("secret") || $0.contains("ann@") })
    }

    @Test("A server that is away is asked again after growing pauses, nine hours long, and then no more")
    func triedAgain() async throws {
        let house = try await MailHouse()
        let queue = house.queue()
        house.failure.withLock { $0 = MailHouse.Away() }
        try await house.post(to: "ann", in: queue)
        for (number, pause) in MailQueue.pauses.enumerated() {
            await house.sendDue(queue)
            #expect(queue.numbers.failed == number + 1)
            house.advance(by: pause - 1)
            await house.sendDue(queue)
            #expect(queue.numbers.failed == number + 1, "before its time")
            house.advance(by: 1)
        }
        #expect(try await house.rowCount() == 1)
        await house.sendDue(queue)
        #expect(try await house.rowCount() == 0)
        #expect(queue.numbers.failed == 8 && queue.numbers.dropped == 1 && queue.numbers.sent == 0)
    }

    @Test("A server that comes back gets what has waited")
    func backAgain() async throws {
        let house = try await MailHouse()
        let queue = house.queue()
        house.failure.withLock { $0 = MailHouse.Away() }
        try await house.post(to: "ann", in: queue)
        await house.sendDue(queue)
        house.failure.withLock { $0 = nil }
        house.advance(by: 5)
        await house.sendDue(queue)
        #expect(house.recipients == ["ann@example.org"])
        #expect(try await house.rowCount() == 0)
    }

    @Test("What is refused for good is not tried again")
    func refused() async throws {
        let house = try await MailHouse()
        let queue = house.queue()
        house.failure.withLock { $0 = MailRefused("550 nobody") }
        try await house.post(to: "ann", in: queue)
        await house.sendDue(queue)
        #expect(try await house.rowCount() == 0)
        #expect(queue.numbers.dropped == 1 && queue.numbers.failed == 1)
    }

    @Test("A mail to nobody makes the same row and is never carried")
    func decoys() async throws {
        let house = try await MailHouse()
        let queue = house.queue()
        try await house.post(to: "ann", in: queue, isSent: false)
        #expect(try await house.rowCount() == 1)
        await house.sendDue(queue)
        #expect(house.recipients.isEmpty)
        #expect(try await house.rowCount() == 0)
        #expect(queue.numbers.sent == 0 && queue.numbers.dropped == 0)
    }

    @Test("A mail whose links are over is not sent")
    func expired() async throws {
        let house = try await MailHouse()
        let queue = house.queue()
        try await house.post(to: "ann", in: queue, lifetime: 3600)
        house.advance(by: 3600)
        await house.sendDue(queue)
        #expect(house.recipients.isEmpty && queue.numbers.dropped == 1)
        #expect(try await house.rowCount() == 0)
    }

    @Test("Of several servers each mail is sent by one")
    func several() async throws {
        let house = try await MailHouse()
        let queues = [house.queue(), house.queue(), house.queue()]
        for number in 0..<30 { try await house.post(to: "n\(number)", in: queues[number % 3]) }
        await withTaskGroup(of: Void.self) { group in
            for queue in queues { group.addTask { await house.sendDue(queue) } }
        }
        #expect(house.recipients.count == 30 && Set(house.recipients).count == 30)
        #expect(try await house.rowCount() == 0)
    }

    @Test("Who was too late with a mail that another sender has by now changes nothing")
    func lateSender() async throws {
        let house = try await MailHouse()
        let (slow, other) = (house.queue(), house.queue())
        try await house.post(to: "ann", in: slow)
        let late = try #require(await slow.next())
        #expect(await other.next() == nil)
        house.advance(by: MailQueue.lease)
        let again = try #require(await other.next())
        #expect(again.id == late.id && again.attempts == 2)
        house.failure.withLock { $0 = MailRefused("550 nobody") }
        await slow.send(late)
        #expect(try await house.rowCount() == 1)
        house.failure.withLock { $0 = nil }
        await other.send(again)
        #expect(try await house.rowCount() == 0)
    }

    @Test("What a process that is gone had in hand is sent at once by the next one")
    func gone() async throws {
        let house = try await MailHouse()
        let first = house.queue()
        try await house.post(to: "ann", in: first)
        _ = try #require(await first.next())
        // As a process does that was killed.
        first.owner.close()
        let second = house.queue()
        let loop = try EventLoop(name: "mail")
        let work = Task(executorPreference: loop) { await second.run(on: loop) }
        try await eventually("it is sent") { house.recipients == ["ann@example.org"] }
        work.cancel()
        await work.value
        #expect(try await house.rowCount() == 0)
    }

    @Test("A mail that a server is slow with holds up no other, and goes back into the queue when the process ends")
    func slow() async throws {
        let house = try await MailHouse()
        let queue = house.queue { recipient in
            guard recipient.hasPrefix("slow") else { return }
            // Until the sender is cancelled.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            try Task.checkCancellation()
        }
        for name in ["slow1", "slow2", "slow3"] { try await house.post(to: name, in: queue) }
        for name in ["ann", "bob", "cid"] { try await house.post(to: name, in: queue) }
        let loop = try EventLoop(name: "mail")
        let work = Task(executorPreference: loop) { await queue.run(on: loop) }
        try await eventually("the others are sent") { house.recipients.count == 3 }
        work.cancel()
        await work.value
        #expect(Set(house.recipients) == ["ann@example.org", "bob@example.org", "cid@example.org"])
        let rows = try await house.database.read { access in
            try access.query("SELECT recipient, attempts, lease FROM outgoing_mails ORDER BY recipient")
        }
        #expect(
            try rows.map { try $0.value("recipient", as: String.self) }.map { $0.prefix(5) } == [
                "slow1", "slow2", "slow3",
            ])
        #expect(try rows.allSatisfy { try $0.value("attempts") == 0 && $0.value("lease", as: String?.self) == nil })
    }
}
