import Synchronization

/// Names one request in the log and in the answer: 60 bits as 12 characters, small enough to cost no allocation.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    /// The lowest 60; zero names no request.
    public let bits: UInt64

    private static let start = UInt64.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)

    /// A count from a random start, mixed (splitmix64): never twice in a process, and no system call.
    public init() {
        let number = Self.count.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue &+ Self.start
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        bits = max(1, (mixed ^ (mixed >> 31)) >> 4)
    }

    private init(bits: UInt64) { self.bits = bits }

    /// Names none.
    public static var none: RequestID { RequestID(bits: 0) }

    public static let length = 12

    public var description: String {
        String(unsafeUninitializedCapacity: Self.length) { buffer in
            write(to: buffer)
            return Self.length
        }
    }

    public func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
        for index in 0..<Self.length {
            buffer[index] = alphabet.utf8Start[Int(bits >> UInt64(55 - 5 * index)) & 31]
        }
    }
}
