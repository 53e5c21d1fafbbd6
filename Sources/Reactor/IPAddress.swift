import Glibc

/// An IPv4 or IPv6 address as a number. An IPv4-mapped IPv6 address is the IPv4 address itself.
public struct IPAddress: Sendable, Hashable, LosslessStringConvertible {
    /// The 128 bits of the IPv6 address; IPv4 stands in `::ffff:0:0/96`.
    let high: UInt64
    let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF << 32

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil for what is no numeric address. Names are not looked up, and zones (`fe80::1%eth0`) are not read.
    public init?(_ text: String) {
        var old = in_addr()
        if inet_pton(AF_INET, text, &old) == 1 {
            self.init(high: 0, low: Self.mappedPrefix | UInt64(UInt32(bigEndian: old.s_addr)))
            return
        }
        var new = in6_addr()
        guard inet_pton(AF_INET6, text, &new) == 1 else { return nil }
        self = withUnsafeBytes(of: new) { bytes in
            IPAddress(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The four or sixteen bytes of an address in network order; nil for another number of bytes.
    public init?(bytes: [UInt8]) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self.init(high: 0, low: Self.mappedPrefix | number(bytes[...]))
        case 16: self.init(high: number(bytes[..<8]), low: number(bytes[8...]))
        default: return nil
        }
    }

    public var isIPv4: Bool { high == 0 && low & ~0xFFFF_FFFF == Self.mappedPrefix }

    /// This machine: `127.0.0.0/8` and `::1`.
    public var isLoopback: Bool { isIPv4 ? low >> 24 & 0xFF == 127 : high == 0 && low == 1 }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isIPv4 {
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        } else {
            var words = (high.bigEndian, low.bigEndian)
            inet_ntop(AF_INET6, &words, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
