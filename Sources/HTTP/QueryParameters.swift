/// Parameters of a query or of a URL-encoded form, in order. A pair whose escapes are broken is left out.
public struct QueryParameters: Sendable {
    public static let mostPairs = 256
    public private(set) var pairs: [(name: String, value: String)] = []

    public init() {}

    /// - Parameter text: `a=1&b=two%20words`; a plus sign stands for a space.
    public init(parsing text: some StringProtocol) {
        for pair in text.utf8.split(separator: UInt8(ascii: "&"), maxSplits: Self.mostPairs) {
            guard pairs.count < Self.mostPairs else { return }
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = halves.first.flatMap({ PercentEncoding.decode($0, plusIsSpace: true) }),
                let value = halves.count == 1 ? "" : PercentEncoding.decode(halves[1], plusIsSpace: true)
            else { continue }
            pairs.append((name, value))
        }
    }

    /// The first value of that name.
    public subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    public func values(of name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    public var isEmpty: Bool { pairs.isEmpty }
}
