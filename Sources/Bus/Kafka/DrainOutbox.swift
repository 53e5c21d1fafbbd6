import Reactor
import SQL
import Synchronization
import Telemetry

/// Sends what is in the outbox to Kafka, first things first, until it is cancelled. Of several servers of a database one does.
///
/// A row goes once a broker has reported its message as kept; whatever ends before leaves the row, which is sent again. So each fact
/// arrives at least once, and the first arrivals of one key are in order.
public struct DrainOutbox: Sendable {
    /// Facts that are on their way at a time.
    static let batch = 1_000
    /// So long may a delivery take before it is told that there is no going on.
    private static let stalled = Duration.seconds(10)
    /// So long may the last delivery take when the server stops.
    private static let farewell = Duration.seconds(3)

    let outbox: Outbox
    let database: Database
    let producer: KafkaProducer
    let log: Log
    private let silence: Silence

    public init(outbox: Outbox, database: Database, producer: KafkaProducer, log: Log) {
        self.outbox = outbox
        self.database = database
        self.producer = producer
        self.log = log
        silence = Silence()
    }

    public func run(on loop: EventLoop) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { await outbox.keep(in: database, on: loop) }
            group.addTask(executorPreference: loop) { await drain(on: loop) }
            await group.waitForAll()
        }
    }

    // MARK: Sending

    private func drain(on loop: EventLoop) async {
        var lease = DrainerLease(isAlone: database.heard == nil)
        var rest = Rest()
        for await _ in outbox.rings where rest.isOver {
            do {
                while try await lease.hold(in: database),
                    try await sendSome(&lease, &rest, on: loop)
                {}
            } catch {
                log.error("facts cannot be taken out of the outbox", ["error": .error(error)])
                rest.begin()
            }
        }
        do {
            try await lease.release(in: database)
        } catch {
            log.warning("another server has to wait for the outbox", ["error": .error(error)])
        }
    }

    /// Whether there may be more to send at once.
    private func sendSome(
        _ lease: inout DrainerLease, _ rest: inout Rest, on loop: EventLoop
    ) async throws -> Bool {
        let store = outbox.store
        let rows = try await database.read { try store.next(Self.batch, in: $0) }
        guard !rows.isEmpty, !Task.isCancelled else { return false }
        let delivery = await deliver(rows, under: lease, on: loop)
        let gone = zip(rows, delivery.isDelivered).filter(\.1).map(\.0.position)
        let (now, holder) = (MonotonicTime.now, lease)
        lease.noted(
            try await database.claim { transaction in
                try store.remove(gone, in: transaction)
                return try holder.beat(in: transaction)
            }, at: now)
        if !lease.isHeld { log.info("another server drains the outbox") }
        outbox.delivered(gone.count, refused: delivery.refused)
        if let failure = delivery.failure {
            tellStalled(failure)
            rest.begin()
        } else if !gone.isEmpty {
            rest = Rest()
            if silence.end() { log.info("facts are delivered again") }
        }
        return gone.count == rows.count && rows.count == Self.batch && !Task.isCancelled
    }

    /// Holds the lease while it waits, for days if need be, and gives up where another server has it.
    private func deliver(
        _ rows: [OutboxStore.Waiting], under lease: DrainerLease, on loop: EventLoop
    ) async -> KafkaDelivery {
        let deadline = KafkaProducer.Deadline()
        let messages = rows.map { KafkaMessage(key: $0.key, value: $0.json) }
        return await withTaskCancellationHandler {
            await withTaskGroup(of: KafkaDelivery?.self) { group in
                group.addTask(executorPreference: loop) { await producer.deliver(messages, until: deadline) }
                group.addTask(executorPreference: loop) {
                    await watch(lease, deadline, on: loop)
                    return nil
                }
                var delivery: KafkaDelivery?
                while let ended = await group.next() {
                    guard let ended else { continue }
                    delivery = ended
                    group.cancelAll()
                }
                return delivery ?? KafkaDelivery(isDelivered: rows.map { _ in false })
            }
        } onCancel: {
            deadline.set(.now + Self.farewell)
        }
    }

    private func watch(_ lease: DrainerLease, _ deadline: KafkaProducer.Deadline, on loop: EventLoop) async {
        let began = MonotonicTime.now
        while (try? await loop.sleep(for: DrainerLease.beatInterval)) != nil {
            if MonotonicTime.now - began >= Self.stalled { tellStalled(producer.trouble ?? "no broker answers") }
            if lease.isAlone { continue }
            // A database that is away takes the lease from nobody.
            guard let isOurs = try? await database.claim({ try lease.beat(in: $0) }), !isOurs else { continue }
            return deadline.set(.now)
        }
    }

    private func tellStalled(_ reason: String) {
        guard silence.begin() else { return }
        log.warning(
            "facts are not delivered: they are kept and sent later",
            ["brokers": .string(producer.brokers), "reason": .string(reason)])
    }

    /// A pause after a failure, longer after each.
    private struct Rest {
        private var end: MonotonicTime?
        private var length = Duration.seconds(1)

        var isOver: Bool { end.map { MonotonicTime.now >= $0 } ?? true }

        mutating func begin() {
            end = .now + length
            length = min(length * 2, .seconds(30))
        }
    }

    /// Whether it was told that nothing is delivered.
    private final class Silence: Sendable {
        private let isTold = Atomic(false)
        func begin() -> Bool { !isTold.exchange(true, ordering: .relaxed) }
        func end() -> Bool { isTold.exchange(false, ordering: .relaxed) }
    }
}
