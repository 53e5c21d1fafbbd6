/// The fields of a line in the order in which they were given.
public struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var pairs: [(String, LogValue)]

    public init(dictionaryLiteral elements: (String, LogValue)...) { pairs = elements }

    public init(_ fields: [String: LogValue] = [:]) {
        pairs = fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    public var isEmpty: Bool { pairs.isEmpty }

    public subscript(name: String) -> LogValue? {
        get { pairs.last { $0.0 == name }?.1 }
        set {
            pairs.removeAll { $0.0 == name }
            if let newValue { pairs.append((name, newValue)) }
        }
    }
}
