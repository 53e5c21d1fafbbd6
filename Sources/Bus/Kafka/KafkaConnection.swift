import CKafka

/// A producer of librdkafka with its topic. Confined to one thread; the library's own threads touch nothing of ours.
///
/// - Rule: messages are sent by an idempotent producer that neither gives up nor leaves gaps. After the first failure nothing more is
///   asked of it: a new one begins.
/// - Why: a broker has one request at a time and takes each message once. What is refused for good ends all that stands behind it
///   (`enable.gapless.guarantee`), and no message ends by age (`message.timeout.ms`).
/// - What if not: one that comes again after a failure would stand behind a later one of the same key.
final class KafkaConnection {
    private static let fixed = [
        "enable.idempotence": "true", "enable.gapless.guarantee": "true", "message.timeout.ms": "0",
        "max.in.flight.requests.per.connection": "1",
        // As Java's clients choose the partition of a key.
        "partitioner": "murmur2_random",
        // One batch of the outbox, which waits for its reports before the next.
        "queue.buffering.max.messages": "10000", "queue.buffering.max.kbytes": "65536", "linger.ms": "2",
        "reconnect.backoff.max.ms": "2000", "socket.keepalive.enable": "true",
    ]
    /// How long one look at what has come takes at most, in milliseconds.
    private static let look: Int32 = 100
    /// Looks for the reports of messages that were taken back.
    private static let lastLooks = 50

    private let kafka: ckafka
    private let handle: OpaquePointer
    private let topic: OpaquePointer
    private let reports: KafkaReports

    /// - Parameter trouble: told of what goes wrong with brokers, which librdkafka mends by itself.
    /// - Throws: `KafkaError`.
    init(_ settings: KafkaSettings, trouble: @escaping (String) -> Void) throws(KafkaError) {
        guard let kafka = ckafka_load()?.pointee else { throw .notInstalled }
        self.kafka = kafka
        reports = KafkaReports(kafka, trouble: trouble)
        let configuration = try Self.configuration(settings, kafka)
        kafka.conf_set_opaque(configuration, Unmanaged.passUnretained(reports).toOpaque())
        // It would write to standard error.
        kafka.conf_set_log_cb(configuration, nil)
        kafka.conf_set_error_cb(configuration) { _, code, reason, opaque in
            KafkaReports.of(opaque)?.trouble(code, reason.map { String(cString: $0) } ?? "")
        }
        kafka.conf_set_dr_msg_cb(configuration) { _, message, opaque in
            guard let message = message?.pointee else { return }
            KafkaReports.of(opaque)?.take(Int(bitPattern: message._private) - 1, message.err)
        }
        var reason = [CChar](repeating: 0, count: 512)
        guard let handle = kafka.new(RD_KAFKA_PRODUCER, configuration, &reason, reason.count) else {
            kafka.conf_destroy(configuration)
            throw .settings(Self.text(reason))
        }
        guard let topic = kafka.topic_new(handle, settings.topic, nil) else {
            kafka.destroy_flags(handle, 0)
            throw .settings("no topic can be called \(settings.topic)")
        }
        (self.handle, self.topic) = (handle, topic)
    }

    deinit {
        _ = kafka.purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        kafka.topic_destroy(topic)
        kafka.destroy_flags(handle, 0)
    }

    private static func configuration(_ settings: KafkaSettings, _ kafka: ckafka) throws(KafkaError) -> OpaquePointer {
        guard let configuration = kafka.conf_new() else { throw .settings("no memory") }
        let options =
            [("bootstrap.servers", settings.brokers), ("client.id", "palco")]
            + settings.options.map { ($0.name, $0.value) } + fixed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        for (name, value) in options {
            // What it says of a value that it does not like may hold the value.
            guard kafka.conf_set(configuration, name, value, nil, 0) == RD_KAFKA_CONF_OK else {
                kafka.conf_destroy(configuration)
                throw .settings("librdkafka does not know \(name), or not with this value")
            }
        }
        return configuration
    }

    /// How many brokers the cluster has.
    ///
    /// - Throws: `KafkaError.unreachable`.
    func brokerCount(within milliseconds: Int32, trouble: () -> String?) throws(KafkaError) -> Int {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = kafka.metadata(handle, 0, nil, &metadata, milliseconds)
        _ = kafka.poll(handle, 0)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw .unreachable(trouble() ?? Self.text(code, kafka))
        }
        defer { kafka.metadata_destroy(metadata) }
        return Int(metadata.pointee.broker_cnt)
    }

    // MARK: Sending

    /// Sends them in their order and waits until each was reported, one failed, or it is over.
    func deliver(_ messages: [KafkaMessage], until isOver: () -> Bool) -> KafkaDelivery {
        reports.begin(messages.count)
        var refused: String?
        for (index, message) in messages.enumerated() {
            refused = produce(message, as: index, isOver)
            if refused != nil || reports.failure != nil { break }
        }
        while reports.pending > 0, refused == nil, reports.failure == nil, !isOver() {
            _ = kafka.poll(handle, Self.look)
        }
        if reports.pending > 0 { takeBack() }
        return KafkaDelivery(
            isDelivered: reports.isDelivered, refused: reports.refusals + (refused == nil ? 0 : 1),
            failure: reports.failure ?? refused)
    }

    /// Nothing of what is on its way may arrive later; what may have arrived counts as not delivered.
    private func takeBack() {
        _ = kafka.purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        for _ in 0..<Self.lastLooks where reports.pending > 0 { _ = kafka.poll(handle, Self.look) }
    }

    /// Nil once the message is in the library's queue.
    private func produce(_ message: KafkaMessage, as index: Int, _ isOver: () -> Bool) -> String? {
        while true {
            var (key, value) = (message.key, message.value)
            let status = key.withUTF8 { key in
                value.withUTF8 { value in
                    kafka.produce(
                        topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                        UnsafeMutableRawPointer(mutating: value.baseAddress), value.count, key.baseAddress, key.count,
                        UnsafeMutableRawPointer(bitPattern: index + 1))
                }
            }
            if status == 0 {
                reports.pending += 1
                return nil
            }
            let code = kafka.last_error()
            guard code == RD_KAFKA_RESP_ERR__QUEUE_FULL, !isOver() else { return Self.text(code, kafka) }
            _ = kafka.poll(handle, Self.look)
        }
    }

    private static func text(_ reason: [CChar]) -> String {
        String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static func text(_ code: rd_kafka_resp_err_t, _ kafka: ckafka) -> String {
        kafka.err2str(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }
}

/// What librdkafka reports, on the thread that asks it.
private final class KafkaReports {
    private let kafka: ckafka
    private let told: (String) -> Void
    private(set) var isDelivered: [Bool] = []
    private(set) var refusals = 0
    /// Why the first message that failed did.
    private(set) var failure: String?
    var pending = 0

    init(_ kafka: ckafka, trouble: @escaping (String) -> Void) {
        self.kafka = kafka
        told = trouble
    }

    static func of(_ opaque: UnsafeMutableRawPointer?) -> KafkaReports? {
        opaque.map { Unmanaged<KafkaReports>.fromOpaque($0).takeUnretainedValue() }
    }

    func begin(_ count: Int) {
        isDelivered = Array(repeating: false, count: count)
        (refusals, failure, pending) = (0, nil, 0)
    }

    func take(_ index: Int, _ code: rd_kafka_resp_err_t) {
        pending -= 1
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            if isDelivered.indices.contains(index) { isDelivered[index] = true }
        // Taken back by ourselves.
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT: break
        default:
            refusals += 1
            failure = failure ?? KafkaConnection.text(code, kafka)
        }
    }

    func trouble(_ code: Int32, _ reason: String) {
        told(reason.isEmpty ? KafkaConnection.text(rd_kafka_resp_err_t(code), kafka) : reason)
    }
}
