import HTTP

/// What the braces of a route's path matched, percent-decoded.
public struct PathParameters: Sendable {
    private var pairs: [(name: String, value: String)] = []

    public init() {}

    mutating func append(_ name: String, _ value: String) { pairs.append((name, value)) }

    public subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The parameter as its type. What cannot be one names nothing, so it answers 404.
    public func require<Value: LosslessStringConvertible>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value {
        guard let value = self[name].flatMap(Value.init) else { throw Problem.notFound() }
        return value
    }
}
