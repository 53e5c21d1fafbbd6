import BaseEncoding

/// The id of a `Thing`: a UUIDv7 (RFC 9562 5.7), so that ids sort by the time they were made. Written in lower case.
public struct Identifier<Thing>: Sendable, Hashable {
    /// The first and the last eight bytes, in network order.
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new id. Ids made by one process strictly increase.
    public init() {
        (high, low) = IdentifierClock.shared.next()
    }

    /// When it was made, by the clock of its maker (RFC 9562 5.7).
    public var millisecondsSince1970: Int64 { Int64(high >> 16) }
}

extension Identifier: Comparable {
    public static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension Identifier: LosslessStringConvertible {
    /// Reads the 36 characters of a UUID, in either case.
    public init?(_ description: String) {
        var text = description
        let halves: (high: UInt64, low: UInt64)? = text.withUTF8 { bytes in
            guard bytes.count == 36 else { return nil }
            var halves: (high: UInt64, low: UInt64) = (0, 0)
            for position in 0..<36 {
                if position == 8 || position == 13 || position == 18 || position == 23 {
                    guard bytes[position] == UInt8(ascii: "-") else { return nil }
                    continue
                }
                guard let value = Hex.value(of: bytes[position]) else { return nil }
                if position < 18 {
                    halves.high = halves.high << 4 | UInt64(value)
                } else {
                    halves.low = halves.low << 4 | UInt64(value)
                }
            }
            return halves
        }
        guard let halves else { return nil }
        (high, low) = halves
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let half = digit < 16 ? high : low
                buffer[position] = Hex.digit(UInt8(truncatingIfNeeded: half >> UInt64(60 - digit % 16 * 4)) & 0xF)
                position += 1
            }
            return position
        }
    }
}

extension Identifier: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an id")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
