extension IPAddress {
    /// False for what the special-purpose registries (RFC 6890) keep out of the open internet: this machine, private and
    /// link-local networks (with the metadata services of clouds), shared and unique-local ones, multicast, broadcast,
    /// documentation, benchmarks and what is reserved.
    ///
    /// An IPv6 address that a gateway or tunnel turns into an IPv4 one (6to4, Teredo, NAT64) is public only if that one is.
    /// `64:ff9b:1::/48` (RFC 8215) is never public: each network chooses for itself where in it the IPv4 address stands.
    public var isPublic: Bool {
        if isIPv4 { return !Self.special4.contains { $0.contains(self) } }
        guard Self.unicast6.contains(self), !Self.special6.contains(where: { $0.contains(self) }) else {
            return Self.nat64.contains(self) && IPAddress(v4: UInt32(truncatingIfNeeded: low)).isPublic
        }
        return embedded.allSatisfy(\.isPublic)
    }

    /// The IPv4 addresses that routers read from this one: of the site for 6to4 (RFC 3056), of the server and of the
    /// client, whose bits are inverted, for Teredo (RFC 4380 4).
    private var embedded: [IPAddress] {
        if high >> 48 == 0x2002 { return [IPAddress(v4: UInt32(truncatingIfNeeded: high >> 16))] }
        if high >> 32 == 0x2001_0000 {
            return [
                IPAddress(v4: UInt32(truncatingIfNeeded: high)), IPAddress(v4: ~UInt32(truncatingIfNeeded: low)),
            ]
        }
        return []
    }

    private init(v4: UInt32) { self.init(high: 0, low: 0xFFFF << 32 | UInt64(v4)) }

    /// What is handed out to hosts today (RFC 4291 2.4); all else is local, multicast, mapped or reserved.
    private static let unicast6 = network(0x2000_0000_0000_0000, 3)
    private static let nat64 = network(0x0064_FF9B_0000_0000, 96)

    private static let special6 = [
        network(0x2001_0002_0000_0000, 48),  // benchmarks, RFC 5180
        network(0x2001_0010_0000_0000, 28),  // ORCHID, RFC 4843
        network(0x2001_0020_0000_0000, 28),  // ORCHIDv2, RFC 7343
        network(0x2001_0DB8_0000_0000, 32),  // documentation, RFC 3849
        network(0x3FFF_0000_0000_0000, 20),  // documentation, RFC 9637
    ]

    private static let special4 = [
        network4(0x0000_0000, 8),  // this network, unspecified, RFC 791 3.2
        network4(0x0A00_0000, 8),  // private, RFC 1918
        network4(0x6440_0000, 10),  // shared by a carrier's customers, RFC 6598
        network4(0x7F00_0000, 8),  // loopback, RFC 1122 3.2.1.3
        network4(0xA9FE_0000, 16),  // link-local and metadata, RFC 3927
        network4(0xAC10_0000, 12),  // private, RFC 1918
        network4(0xC000_0000, 24),  // protocol assignments, RFC 6890
        network4(0xC000_0200, 24),  // documentation, RFC 5737
        network4(0xC058_6300, 24),  // 6to4 relays, RFC 7526
        network4(0xC0A8_0000, 16),  // private, RFC 1918
        network4(0xC612_0000, 15),  // benchmarks, RFC 2544
        network4(0xC633_6400, 24),  // documentation, RFC 5737
        network4(0xCB00_7100, 24),  // documentation, RFC 5737
        network4(0xE000_0000, 4),  // multicast, RFC 5771
        network4(0xF000_0000, 4),  // reserved and broadcast, RFC 1112, RFC 919
    ]

    private static func network(_ high: UInt64, _ length: Int) -> IPNetwork {
        IPNetwork(IPAddress(high: high, low: 0), prefixLength: length)
    }

    private static func network4(_ address: UInt32, _ length: Int) -> IPNetwork {
        IPNetwork(IPAddress(v4: address), prefixLength: 96 + length)
    }
}
