/// All addresses with the same first bits, such as `10.0.0.0/8` or `2001:db8::/32`. A single address is a network, too.
public struct IPNetwork: Sendable, Hashable, LosslessStringConvertible {
    /// The first address.
    public let address: IPAddress
    /// Of the 128 bits of the IPv6 form: an IPv4 `/8` is 104.
    let prefixLength: Int

    /// What no numeric address belongs to; stands for peers without one.
    public static let unknown = IPNetwork(IPAddress(high: 0, low: 0), prefixLength: 128)

    init(_ address: IPAddress, prefixLength: Int) {
        self.address = Self.first(of: address, prefixLength)
        self.prefixLength = prefixLength
    }

    /// An address, alone or with the number of its fixed bits behind a slash. Bits beyond them are dropped.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)), parts.count <= 2 else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefixLength: 128)
            return
        }
        let isDotted = !first.contains(":")
        guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(parts[1]),
            length <= (isDotted ? 32 : 128)
        else { return nil }
        self.init(address, prefixLength: isDotted ? length + 96 : length)
    }

    public func contains(_ other: IPAddress) -> Bool { Self.first(of: other, prefixLength) == address }

    private static func first(of address: IPAddress, _ length: Int) -> IPAddress {
        IPAddress(
            high: address.high & (length >= 64 ? .max : ~(.max >> UInt64(length))),
            low: address.low & (length <= 64 ? 0 : length >= 128 ? .max : ~(.max >> UInt64(length - 64))))
    }

    public var description: String {
        let length = address.isIPv4 && prefixLength >= 96 ? prefixLength - 96 : prefixLength
        return prefixLength == 128 ? address.description : "\(address)/\(length)"
    }
}

extension SocketAddress {
    /// The address as a number; nil for a peer that has none.
    public var ip: IPAddress? { IPAddress(host) }

    /// What one subscriber holds, for counting what comes from one side: the host for IPv4, the /64 for IPv6.
    ///
    /// A subscriber of IPv6 has at least a /64 and can use each of its addresses. An IPv4 host stands alone: its
    /// neighbors in the /24 are other people's, and they must not pay for it.
    public var network: IPNetwork {
        guard let ip else { return .unknown }
        return IPNetwork(ip, prefixLength: ip.isIPv4 ? 128 : 64)
    }
}
