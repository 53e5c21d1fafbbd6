import Testing

@testable import Reactor

@Suite("Network addresses")
struct IPAddressTests {
    @Test(
        "One form for all spellings of an address",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::", "::"), ("::1", "::1"), ("0.0.0.0", "0.0.0.0"),
        ])
    func forms(text: String, form: String) {
        #expect(IPAddress(text)?.description == form)
    }

    @Test(
        "What is no address",
        arguments: [
            "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "[::1]", "::1%eth0", "fe80::1%1",
            "1.2.3.4:80",
            "::g", "1:2:3:4:5:6:7", "01.2.3.4",
        ])
    func noAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "This machine is 127.0.0.0/8 and ::1",
        arguments: [
            ("127.0.0.1", true), ("127.255.0.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("128.0.0.1", false),
            ("::2", false), ("7f00::1", false), ("0.0.0.127", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(IPAddress(text)).isLoopback == isLoopback)
    }

    @Test(
        "A network holds the addresses with its first bits, and no others",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.1.2.3/8", "10.9.9.9", true),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false), ("fd00::/8", "fdff::1", true),
            ("2001:db8::/65", "2001:db8::1", true),
            ("2001:db8::/65", "2001:db8:0:0:8000::1", false), ("::ffff:10.0.0.0/104", "10.1.1.1", true),
            ("192.0.2.128/25", "192.0.2.127", false), ("::1/128", "::1", true),
        ])
    func networks(network: String, address: String, isInside: Bool) throws {
        let ip = try #require(IPAddress(address))
        #expect(try #require(IPNetwork(network)).contains(ip) == isInside)
    }

    @Test(
        "What is no network",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "x/8",
        ])
    func noNetwork(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test(
        "Counted is the host for IPv4 and the /64 for IPv6",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::/64"),
            ("2001:db8:0:0:ffff::2", "2001:db8::/64"), ("2001:db8:0:1::1", "2001:db8:0:1::/64"), ("", "::"),
            ("unix", "::"),
        ])
    func counted(host: String, network: String) {
        #expect(SocketAddress(host: host, port: 1).network.description == network)
    }
}
