import CKafka

/// A cluster of brokers inside this process: librdkafka's own, with which its makers test it. It listens on this machine only.
public final class MockKafka: @unchecked Sendable {
    // @unchecked: immutable, and librdkafka's functions lock for themselves.

    /// What is asked of a broker (Kafka, API keys).
    public enum Request: Int16, Sendable { case produce = 0, metadata = 3, initProducerID = 22 }

    /// What a broker may answer.
    public enum Refusal: Sendable {
        /// Another broker leads the partition: librdkafka looks, and tries again.
        case notLeader
        /// Not enough replicas: it tries again.
        case tooFewReplicas
        /// It is not tried again.
        case notAuthorized, invalidRecord

        var code: rd_kafka_resp_err_t {
            switch self {
            case .notLeader: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
            case .tooFewReplicas: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS
            case .notAuthorized: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            case .invalidRecord: RD_KAFKA_RESP_ERR_INVALID_RECORD
            }
        }
    }

    public struct Message: Sendable, Equatable {
        public var key: String
        public var value: String
    }

    struct Failure: Error { var reason: String }

    public let topic: String
    private let handle: OpaquePointer
    private let cluster: OpaquePointer
    private let brokerCount: Int32

    public init(topic: String = "palco.events", brokers: Int32 = 3, partitions: Int32 = 4) throws {
        self.topic = topic
        brokerCount = brokers
        handle = try Self.handle(RD_KAFKA_PRODUCER, [:])
        guard let cluster = rd_kafka_mock_cluster_new(handle, brokers) else { throw Failure(reason: "no cluster") }
        self.cluster = cluster
        rd_kafka_mock_topic_create(cluster, topic, partitions, brokers)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(handle)
    }

    private static func handle(_ type: rd_kafka_type_t, _ settings: [String: String]) throws -> OpaquePointer {
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(configuration, nil)
        for (name, value) in settings {
            guard rd_kafka_conf_set(configuration, name, value, nil, 0) == RD_KAFKA_CONF_OK else {
                throw Failure(reason: name)
            }
        }
        guard let handle = rd_kafka_new(type, configuration, nil, 0) else { throw Failure(reason: "no handle") }
        return handle
    }

    public var brokers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

    /// All of them end their connections, and nobody can come.
    public func goAway() {
        for broker in 1...brokerCount { rd_kafka_mock_broker_set_down(cluster, broker) }
    }

    public func comeBack() {
        for broker in 1...brokerCount { rd_kafka_mock_broker_set_up(cluster, broker) }
    }

    /// The next of these requests are answered so.
    public func refuse(_ request: Request, _ refusals: [Refusal]) {
        let codes = refusals.map(\.code)
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
    }

    /// All that has come, partition by partition, each in its order. Blocks.
    public func messages() throws -> [[Message]] {
        let reader = try Self.handle(
            RD_KAFKA_CONSUMER,
            [
                "bootstrap.servers": brokers, "group.id": "reader", "enable.partition.eof": "true",
                "auto.offset.reset": "earliest", "enable.auto.commit": "false",
            ])
        defer {
            rd_kafka_consumer_close(reader)
            rd_kafka_destroy(reader)
        }
        rd_kafka_poll_set_consumer(reader)
        let count = try partitionCount(reader)
        let all = rd_kafka_topic_partition_list_new(Int32(count))
        defer { rd_kafka_topic_partition_list_destroy(all) }
        for partition in 0..<count {
            let added = rd_kafka_topic_partition_list_add(all, topic, Int32(partition))
            added?.pointee.offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
        }
        rd_kafka_assign(reader, all)
        var (found, ended) = (Array(repeating: [Message](), count: count), 0)
        while ended < count {
            guard let message = rd_kafka_consumer_poll(reader, 20_000) else { throw Failure(reason: "nothing comes") }
            defer { rd_kafka_message_destroy(message) }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR: found[Int(message.pointee.partition)].append(Self.read(message.pointee))
            case RD_KAFKA_RESP_ERR__PARTITION_EOF: ended += 1
            case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: continue
            default: throw Failure(reason: String(cString: rd_kafka_err2str(message.pointee.err)))
            }
        }
        return found
    }

    private func partitionCount(_ reader: OpaquePointer) throws -> Int {
        let wanted = rd_kafka_topic_new(reader, topic, nil)
        defer { rd_kafka_topic_destroy(wanted) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(reader, 0, wanted, &metadata, 20_000)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw Failure(reason: String(cString: rd_kafka_err2str(code)))
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        return Int(metadata.pointee.topics[0].partition_cnt)
    }

    private static func read(_ message: rd_kafka_message_t) -> Message {
        func text(_ start: UnsafeMutableRawPointer?, _ count: Int) -> String {
            String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }
        return Message(key: text(message.key, message.key_len), value: text(message.payload, message.len))
    }
}
