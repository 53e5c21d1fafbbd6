/// Where facts go.
public struct KafkaSettings: Sendable, Equatable {
    /// `host:port`, separated by commas: some of the cluster's brokers, which name the others.
    public var brokers: String
    public var topic: String
    /// Of librdkafka, for TLS and SASL. They may hold secrets.
    public var options: [Option] = []

    public struct Option: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public init(brokers: String, topic: String = "palco.events", options: [Option] = []) {
        self.brokers = brokers
        self.topic = topic
        self.options = options
    }

    /// What may be chosen. All else either has to be as it is, so that nothing is lost or changes its place, or is of no use here.
    private static let allowed = [
        "security.protocol", "ssl.", "sasl.", "compression.", "client.id", "client.rack", "broker.address.family",
        "socket.timeout.ms", "socket.connection.setup.timeout.ms",
    ]

    /// Reads lines `name=value` with comments after `#`, as librdkafka's own examples have them.
    ///
    /// - Throws: `KafkaError.option`, which names the line and no value.
    public static func options(in text: String) throws(KafkaError) -> [Option] {
        var options: [Option] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw .option("line \(index + 1) is not name=value")
            }
            let name = String(trimmed(line[..<equals]))
            let isAllowed = allowed.contains { $0.hasSuffix(".") ? name.hasPrefix($0) : name == $0 }
            guard isAllowed, options.count < 100 else {
                throw .option("line \(index + 1): \(name.prefix(60)) cannot be chosen")
            }
            options.append(Option(name: name, value: String(trimmed(line[line.index(after: equals)...]))))
        }
        return options
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// Why no facts can be sent. Holds no secrets.
public enum KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
    case notInstalled
    /// Of the file of options: what is wrong where.
    case option(String)
    /// What librdkafka says of all options together.
    case settings(String)
    /// No broker answered, and why.
    case unreachable(String)

    public var description: String {
        switch self {
        case .notInstalled:
            "librdkafka.so.1 cannot be loaded: install Debian's librdkafka1, or leave PALCO_KAFKA empty"
        case .option(let reason): "the file of PALCO_KAFKA_OPTIONS: \(reason)"
        case .settings(let reason): "Kafka cannot be used as it is set: \(reason)"
        case .unreachable(let reason): "no broker answers: \(reason)"
        }
    }
}
