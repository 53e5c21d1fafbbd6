/// Names one request in the log and in the answer: 60 random bits as 12 characters, small enough to cost no allocation.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    private let bits: UInt64

    public init() { bits = UInt64.random(in: 0..<(1 << 60)) }

    public var description: String {
        let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
        return String(unsafeUninitializedCapacity: 12) { buffer in
            for index in 0..<12 { buffer[index] = alphabet.utf8Start[Int(bits >> UInt64(55 - 5 * index)) & 31] }
            return 12
        }
    }
}
