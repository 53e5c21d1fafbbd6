import Bus
import Encoding
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Telemetry
import Web

/// What `/metrics` tells: what was counted since the start, and how things stand when it is asked.
struct Metrics: Sendable {
    private let services: Server.Services
    private let stored: KeptAnswer<StoredCounts>

    /// - Parameter now: the clock by which the numbers of the database are kept.
    init(_ services: Server.Services, now: @escaping @Sendable () -> MonotonicTime) {
        self.services = services
        stored = KeptAnswer(for: .seconds(10), now: now) { await StoredCounts(services) }
    }

    func text() async -> String {
        var text = MetricsText()
        text.family("palco_info", .gauge, "The running version.")
        text.sample(1, ["version": Version.current])
        await services.requests.write(to: &text)
        await writeConnections(to: &text)
        writeCertificates(to: &text)
        writeOutgoing(to: &text)
        writeOutbox(to: &text)
        writeMail(to: &text)
        writeRedis(to: &text)
        await writeLoops(to: &text)
        await writeStock(to: &text)
        ProcessNumbers.read()?.write(to: &text)
        return text.text
    }

    private func writeConnections(to text: inout MetricsText) async {
        let counts = await services.connectionCounts.values().reduce(into: ConnectionCounts()) { $0 += $1 }
        text.family("palco_connections", .gauge, "Open connections, by what they speak.")
        for spoken in ConnectionProtocol.allCases {
            text.sample(counts.open(spoken), ["protocol": spoken.rawValue])
        }
        text.family("palco_connections_accepted_total", .counter, "Connections that were taken.")
        text.sample(counts.accepted)
        text.family(
            "palco_connections_refused_total", .counter,
            "Connections that were not taken, by what there was too much of.")
        for refusal in ConnectionRefusal.allCases {
            text.sample(counts.refused(refusal), ["reason": refusal.rawValue])
        }
        let bytes = await services.connections.byteCounts()
        text.family("palco_network_received_bytes_total", .counter, "Bytes that came over connections.")
        text.sample(bytes.received)
        text.family("palco_network_sent_bytes_total", .counter, "Bytes that left over connections.")
        text.sample(bytes.sent)
        let listeners = services.events.listenerCounts
        text.family("palco_event_listeners", .gauge, "Clients that follow events of videos, of all or of one.")
        text.sample(listeners.all, ["topic": "all"])
        text.sample(listeners.one, ["topic": "one"])
        text.family("palco_events_missed_total", .counter, "Events that a listener was too slow for.")
        text.sample(services.events.missedCount)
    }

    private func writeCertificates(to text: inout MetricsText) {
        guard let certificates = services.certificates else { return }
        text.family(
            "palco_tls_certificate_not_after_timestamp_seconds", .gauge,
            "When each certificate of https ends, in seconds since 1970.")
        for certificate in certificates.context.certificates {
            text.sample(Int(certificate.expiresAt), ["file": certificate.path])
        }
    }

    private func writeOutgoing(to text: inout MetricsText) {
        let targets = services.outgoing.targets
        text.family("palco_outgoing_requests_total", .counter, "Requests to other servers, by what came of them.")
        for (name, target) in targets {
            for (outcome, count) in target.outcomes.sorted(by: { $0.key < $1.key }) {
                text.sample(count, ["target": name, "outcome": outcome])
            }
        }
        text.family(
            "palco_outgoing_request_duration_seconds", .histogram, "From asking another server to its answer's head.")
        for (name, target) in targets { text.sample(target.durations, ["target": name]) }
    }

    /// Without samples where no other system wants to know.
    private func writeOutbox(to text: inout MetricsText) {
        let numbers = services.outbox?.numbers
        text.family("palco_outbox_facts", .gauge, "Facts that wait for Kafka.")
        if let numbers { text.sample(numbers.waiting) }
        text.family("palco_outbox_oldest_seconds", .gauge, "Age of the oldest of them.")
        if let numbers { text.sample(numbers.oldestAge(at: Date())) }
        text.family("palco_outbox_sent_total", .counter, "Facts that Kafka has taken.")
        if let numbers { text.sample(numbers.sent) }
        text.family("palco_outbox_failed_total", .counter, "Facts that Kafka refused, which are sent again.")
        if let numbers { text.sample(numbers.failed) }
        text.family("palco_outbox_dropped_total", .counter, "Facts for which the outbox had no place.")
        if let numbers { text.sample(numbers.dropped) }
    }

    /// Without samples where no mail is set up.
    private func writeMail(to text: inout MetricsText) {
        let numbers = services.mail?.queue.numbers
        text.family("palco_mails", .gauge, "Mails that wait for the mail server.")
        if let numbers { text.sample(numbers.waiting) }
        text.family("palco_mails_oldest_seconds", .gauge, "Age of the oldest of them.")
        if let numbers { text.sample(numbers.oldestAge(at: services.database.now)) }
        text.family("palco_mails_sent_total", .counter, "Mails that the mail server has taken.")
        if let numbers { text.sample(numbers.sent) }
        text.family("palco_mails_failed_total", .counter, "Attempts that came to nothing.")
        if let numbers { text.sample(numbers.failed) }
        text.family("palco_mails_dropped_total", .counter, "Mails that were given up, or had no place to wait.")
        if let numbers { text.sample(numbers.dropped) }
    }

    /// Without Redis the names stand there alone.
    private func writeRedis(to text: inout MetricsText) {
        let redis = services.redis
        text.family("palco_redis_connected", .gauge, "Whether Redis is there, where one is set.")
        if let redis { text.sample(redis.isConnected ? 1 : 0) }
        text.family(
            "palco_limits_decided_total", .counter,
            "Limits that Redis decided for all servers, and that this server decided alone because Redis was away or late."
        )
        if let decisions = redis?.limits.decisions {
            text.sample(decisions.shared, ["by": "redis"])
            text.sample(decisions.local, ["by": "server"])
        }
        let counts = redis?.messageCounts
        text.family("palco_redis_published_total", .counter, "Messages to other servers that went to Redis.")
        if let counts { text.sample(counts.published) }
        text.family("palco_redis_received_total", .counter, "Messages of servers that came from Redis.")
        if let counts { text.sample(counts.received) }
    }

    private func writeLoops(to text: inout MetricsText) async {
        text.family(
            "palco_event_loop_lag_seconds", .histogram,
            "Time that rounds of an event loop took: so long may what becomes ready have to wait.")
        for loop in services.loops.loops { text.sample(await loop.lag(), ["loop": "\(loop.index)"]) }
        text.family("palco_blocking_pool_queued", .gauge, "Work that waits for a thread, by pool.")
        for pool in services.pools.all { text.sample(pool.queuedCount, ["pool": pool.name]) }
    }

    private func writeStock(to text: inout MetricsText) async {
        let stored = await stored()
        text.family("palco_videos", .gauge, "Videos, by status.")
        for (status, count) in stored.videos.sorted(by: { $0.key < $1.key }) { text.sample(count, ["status": status]) }
        text.family("palco_uploads", .gauge, "Uploads that are not finished.")
        text.sample(stored.uploads.count)
        text.family("palco_uploads_expected_bytes", .gauge, "Bytes that unfinished uploads will have.")
        text.sample(stored.uploads.byteCount)
        text.family("palco_encoding_tasks", .gauge, "Tasks of encoding that are left, by state.")
        for state in ["failed", "running", "waiting"] {
            text.sample(stored.tasks[state]?.count ?? 0, ["state": state])
        }
        text.family("palco_encoding_oldest_task_seconds", .gauge, "Age of the oldest task of encoding, by state.")
        for state in ["failed", "running", "waiting"] {
            text.sample(stored.tasks[state]?.oldestAge ?? 0, ["state": state])
        }
        // Without PostgreSQL the name stands there alone.
        text.family("palco_encoding_workers", .gauge, "Processes that encode, by state.")
        if services.database.isShared {
            for state in WorkerReport.State.allCases {
                text.sample(stored.workers.count { $0.state == state }, ["state": state.rawValue])
            }
        }
        if let space = stored.usableSpace {
            text.family("palco_storage_usable_bytes", .gauge, "Room on the disk that may still be filled.")
            text.sample(space)
        }
        let copies = services.storage.copies
        text.family("palco_storage_cache_bytes", .gauge, "Bytes of the bucket's blobs that are on the local disk.")
        if let copies { text.sample(copies.byteCount) }
        text.family("palco_storage_fetches_total", .counter, "Blobs that were brought from the bucket.")
        if let copies { text.sample(copies.fetchCount) }
    }
}
