/// The fields of a line in the order in which they were given.
public struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var pairs: [(name: String, value: LogValue)]

    public init(dictionaryLiteral elements: (String, LogValue)...) {
        pairs = elements.map { (name: $0.0, value: $0.1) }
    }

    public init(_ fields: [String: LogValue] = [:]) {
        pairs = fields.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    public var isEmpty: Bool { pairs.isEmpty }

    public subscript(name: String) -> LogValue? {
        get { pairs.last { $0.name == name }?.value }
        set {
            pairs.removeAll { $0.name == name }
            if let newValue { pairs.append((name: name, value: newValue)) }
        }
    }
}
