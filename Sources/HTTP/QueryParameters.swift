/// Parameters of a query or of a URL-encoded form, in order. A pair whose escapes are broken is left out.
public struct QueryParameters: Sendable {
    public static let mostPairs = 256
    public private(set) var pairs: [(name: String, value: String)] = []

    public init() {}

    /// - Parameter text: `a=1&b=two%20words`; a plus sign stands for a space.
    public init(parsing text: some StringProtocol) {
        var text = String(text)
        text.withUTF8 { bytes in
            var start = 0
            while start < bytes.count, pairs.count < Self.mostPairs {
                let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
                if start < end { append(UnsafeBufferPointer(rebasing: bytes[start..<end])) }
                start = end + 1
            }
        }
    }

    private mutating func append(_ pair: UnsafeBufferPointer<UInt8>) {
        let sign = pair.firstIndex(of: UInt8(ascii: "="))
        let name = UnsafeBufferPointer(rebasing: pair[..<(sign ?? pair.count)])
        let value = UnsafeBufferPointer(rebasing: pair[(sign.map { $0 + 1 } ?? pair.count)...])
        guard let name = PercentEncoding.decode(name, plusIsSpace: true),
            let value = PercentEncoding.decode(value, plusIsSpace: true)
        else { return }
        pairs.append((name, value))
    }

    /// The first value of that name.
    public subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    public func values(of name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    public var isEmpty: Bool { pairs.isEmpty }
}
