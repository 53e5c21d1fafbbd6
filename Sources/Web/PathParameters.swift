import HTTP

/// Where in a path the values of its parameters stand; most paths have few, so they are kept without allocating.
struct PathPlaces: Sendable {
    static let most = 8

    private var places = InlineArray<8, (start: UInt16, end: UInt16)>(repeating: (0, 0))
    private(set) var count = 0

    mutating func append(_ range: Range<Int>) {
        places[count] = (UInt16(range.lowerBound), UInt16(range.upperBound))
        count += 1
    }

    mutating func removeAll(after count: Int) { self.count = count }

    subscript(_ place: Int) -> Range<Int> {
        precondition(place < count)
        return Int(places[place].start)..<Int(places[place].end)
    }
}

/// What the braces of a route's path matched, percent-decoded.
public struct PathParameters: Sendable {
    private let names: [String]
    private let target: String
    private let places: PathPlaces

    /// - Parameter places: in `target`; what stands there can be decoded.
    init(_ names: [String], in target: String, at places: PathPlaces) {
        self.names = names
        self.target = target
        self.places = places
    }

    public subscript(_ name: String) -> String? {
        guard let place = names.firstIndex(of: name) else { return nil }
        var target = target
        return target.withUTF8 { PercentEncoding.decode(UnsafeBufferPointer(rebasing: $0[places[place]])) }
    }

    /// The parameter as its type. What cannot be one names nothing, so it answers 404.
    public func require<Value: LosslessStringConvertible>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value {
        guard let value = self[name].flatMap(Value.init) else { throw Problem.notFound() }
        return value
    }

    public func require(_ name: String) throws -> String {
        guard let value = self[name] else { throw Problem.notFound() }
        return value
    }
}
