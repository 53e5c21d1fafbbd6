import Bus

extension Doctor {
    /// Whether facts would reach a broker. Nothing where they are not asked for.
    func kafkaFindings() async -> [Finding] {
        do {
            guard let kafka = try settings.kafka else { return [] }
            let producer = try KafkaProducer(kafka)
            let count: Result<Int, any Error>
            do { count = .success(try await producer.brokerCount()) } catch { count = .failure(error) }
            await producer.close()
            return [.good("kafka", "\(kafka.brokers), brokers: \(try count.get()), topic \(kafka.topic)")]
        } catch KafkaError.unreachable(let reason) {
            // Palco runs without it, and keeps what it has to tell.
            return [
                .weak(
                    "kafka", "no broker answers: \(reason)",
                    mend: "start Kafka, or change PALCO_KAFKA and the file of PALCO_KAFKA_OPTIONS")
            ]
        } catch {
            return [.bad("kafka", "\(error)", mend: "change PALCO_KAFKA and the file of PALCO_KAFKA_OPTIONS")]
        }
    }
}
