import Reactor
import Synchronization

struct KafkaMessage: Sendable {
    var key: String
    var value: String
}

/// What became of messages.
struct KafkaDelivery: Sendable {
    /// For each of them: a broker has it for good, as all in-sync replicas have (`acks=all`).
    var isDelivered: [Bool]
    /// How many were refused.
    var refused = 0
    /// Why, for the first; nil where none was.
    var failure: String?
}

/// Sends messages to a topic, on a thread of its own.
///
/// `@unchecked Sendable`: `connection` is touched by the pool's only thread.
public final class KafkaProducer: @unchecked Sendable {
    /// When a delivery is given up.
    final class Deadline: Sendable {
        private let end = Atomic<Int64>(.max)
        func set(_ time: MonotonicTime) { end.store(time.nanoseconds, ordering: .relaxed) }
        var isOver: Bool { MonotonicTime.now.nanoseconds >= end.load(ordering: .relaxed) }
    }

    /// For people: where it sends to.
    public let brokers: String
    private let settings: KafkaSettings
    private let thread: BlockingPool
    private var connection: KafkaConnection?
    private let lastTrouble = Mutex<String?>(nil)

    /// - Throws: `KafkaError` where librdkafka is not there, or not with these settings. No broker needs to be there.
    public init(_ settings: KafkaSettings) throws {
        self.settings = settings
        brokers = settings.brokers
        thread = try BlockingPool(name: "kafka", threads: 1)
        connection = try connect()
    }

    /// What brokers, or the way to them, said last; nil since something was delivered.
    var trouble: String? { lastTrouble.withLock { $0 } }

    /// Returns once all of them are delivered, one was refused, or the time is over. Those that are not delivered do not arrive later, or
    /// have arrived already.
    func deliver(_ messages: [KafkaMessage], until deadline: Deadline) async -> KafkaDelivery {
        let none = KafkaDelivery(isDelivered: Array(repeating: false, count: messages.count))
        do {
            return try await thread.run { [self] in try deliverNow(messages, until: deadline) }
        } catch {
            var delivery = none
            delivery.failure = "\(error)"
            return delivery
        }
    }

    private func deliverNow(_ messages: [KafkaMessage], until deadline: Deadline) throws -> KafkaDelivery {
        let open = try connection ?? connect()
        connection = open
        let delivery = open.deliver(messages) { deadline.isOver }
        if delivery.isDelivered.contains(true) { lastTrouble.withLock { $0 = nil } }
        if !delivery.isDelivered.allSatisfy(\.self) { connection = nil }
        return delivery
    }

    private func connect() throws(KafkaError) -> KafkaConnection {
        try KafkaConnection(settings) { [weak self] reason in self?.lastTrouble.withLock { $0 = reason } }
    }

    /// How many brokers there are, for `palco doctor`.
    ///
    /// - Throws: `KafkaError.unreachable`.
    public func brokerCount() async throws -> Int {
        try await thread.run { [self] in
            try (connection ?? connect()).brokerCount(within: 5_000) { trouble }
        }
    }

    public func close() async {
        _ = try? await thread.run { [self] in connection = nil }
        await thread.shutdown()
    }
}
