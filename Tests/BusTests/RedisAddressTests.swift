import Testing

@testable import Bus

@Suite("Addresses of Redis")
struct RedisAddressTests {
    @Test("An address names a place, who enters, and a database")
    func parts() throws {
        let plain = try #require(RedisAddress("redis://redis.example.org"))
        #expect(plain.host == "redis.example.org" && plain.port == 6379 && plain.number == 0)
        #expect(plain.user == nil && plain.password == nil && !plain.isSecure && plain.authorities == nil)
        let full = try #require(RedisAddress("rediss://palco:p%40ss%2Fw%3ard@[2001:db8::7]:7000/3?ca=/etc/ca.pem"))
        #expect(full.host == "2001:db8::7" && full.port == 7000 && full.number == 3)
        #expect(full.user == "palco" && full.password == "p@ss/w:rd" && full.isSecure)
        #expect(full.authorities == "/etc/ca.pem")
        let nameless = try #require(RedisAddress("redis://:secret@127.0.0.1/"))
        #expect(nameless.user == nil && nameless.password == "secret" && nameless.number == 0)
    }

    @Test(
        "What is no address is none",
        arguments: [
            "", "redis:", "redis://", "redis:///1", "http://127.0.0.1", "redis://host:0", "redis://host:65536",
            "redis://host:", "redis://host:+1", "redis://a:b:c", "redis://host/-1", "redis://host/x",
            "redis://host/1/2",
            "redis://user@host", "redis://:@host", "redis://:%zz@host", "redis://:%e@host", "redis://:%ff@host",
            "redis://[::1", "redis://[::1]x", "redis://ho st", "redis://host?ca=/x", "rediss://host?ca=",
            "rediss://host?tls=no", "redis://höst",
        ])
    func refused(text: String) { #expect(RedisAddress(text) == nil) }

    @Test("Nobody reads who enters")
    func secrets() throws {
        for text in ["redis://palco:Secret-Horse-9@host:1/2", "rediss://:Secret-Horse-9@host:1/2"] {
            let address = try #require(RedisAddress(text))
            var dumped = ""
            dump(address, to: &dumped)
            for shown in ["\(address)", String(reflecting: address), dumped] {
                #expect(!shown.contains("Horse") && !shown.contains("palco"), "\(shown)")
            }
            #expect("\(address)" == "\(text.prefix { $0 != ":" })://host:1/2")
        }
    }
}
