import Reactor
import Testing

@testable import HTTPClient

@Suite("What may be connected to")
struct AddressGuardTests {
    @Test(
        "What is not on the open internet is refused, however it is written",
        arguments: [
            "127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1",
            "198.51.100.7", "203.0.113.7", "198.18.0.1", "198.19.255.255", "192.88.99.1", "224.0.0.1", "239.1.2.3",
            "240.0.0.1", "255.255.255.255",
            "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:127.0.0.1", "fe80::1",
            "febf::1", "fec0::1", "fc00::1", "fdff::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1", "2001:db8::1",
            "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "4000::1", "5f00::1",
            "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1",
            "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::192.168.0.1",
            "64:ff9b:1::808:808", "64:ff9b:1:ffff::1", "64:ff9b:0:0:0:1:808:808",
            // Teredo: a public server with a client of 127.0.0.1, and a private server.
            "2001:0:808:808:0:0:80ff:fffe", "2001:0:a00:1:0:0:f7f7:f7f7",
        ])
    func refuses(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!address.isPublic)
        #expect(!AddressGuard(allowed: []).permits(address))
    }

    @Test(
        "What is on the open internet is permitted",
        arguments: [
            "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1",
            "2001:4860:4860::8888", "2002:808:808::1", "64:ff9b::808:808", "2001:0:808:808:0:0:f7f7:f7f7",
        ])
    func permits(text: String) throws {
        #expect(AddressGuard(allowed: []).permits(try #require(IPAddress(text))))
    }

    @Test("An allowed network is permitted, and its neighbours are not")
    func allowList() throws {
        let guarded = AddressGuard(allowed: try ["10.1.0.0/16", "fd00:1::/32"].map { try #require(IPNetwork($0)) })
        for (text, isPermitted) in [
            ("10.1.255.1", true), ("::ffff:10.1.0.1", true), ("10.2.0.1", false), ("fd00:1::5", true),
            ("fd00:2::5", false), ("127.0.0.1", false), ("64:ff9b::10.1.0.1", false), ("8.8.4.4", true),
        ] {
            #expect(guarded.permits(try #require(IPAddress(text))) == isPermitted, "\(text)")
        }
    }

    @Test(
        "What a proxy would connect to is refused by its name where the name says enough",
        arguments: [
            ("http://127.0.0.1/", false), ("http://127.1/", false), ("http://0x7f000001/", false),
            ("http://2130706433/", false), ("http://0177.0.0.1/", false), ("http://%31%32%37.0.0.1/", false),
            ("http://[::1]/", false), ("http://[::ffff:10.0.0.1]/", false), ("http://127.0.0.1./", false),
            ("http://localhost/", false), ("http://LocalHost./", false), ("http://a.localhost/", false),
            ("http://１２７.0.0.1/", false), ("http://8.8.8.8/", true), ("http://video.example/", true),
        ])
    func byName(text: String, isPermitted: Bool) throws {
        #expect(AddressGuard(allowed: []).permitsByName(try TargetURL(text)) == isPermitted)
    }
}
