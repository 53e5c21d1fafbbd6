import Reactor
import Testing

@testable import Bus
@testable import TestSupport

@Suite("Commands to Redis")
struct RedisClientTests {
    @Test("Commands of many tasks at once are answered each with its own answer")
    func pipelined() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            let answers = try await withThrowingTaskGroup(of: (Int, RedisValue).self) { group in
                for number in 0..<2000 {
                    let loop = house.loops.loops[number % 2]
                    group.addTask(executorPreference: loop) { (number, try await house.ask("ECHO", "\(number)")) }
                }
                return try await group.reduce(into: [Int: RedisValue]()) { $0[$1.0] = $1.1 }
            }
            #expect(answers.count == 2000 && answers.allSatisfy { $0.value.text == "\($0.key)" })
            // What one said is done before what it says next.
            for number in 0..<100 {
                house.client.tell([Array("RPUSH".utf8), Array("list".utf8), Array("\(number)".utf8)])
            }
            let list = try await house.ask("LRANGE", "list", "0", "-1")
            #expect(list == .list((0..<100).map { .bytes(Array("\($0)".utf8)) }))
            await #expect(throws: RedisError.self) { _ = try await house.ask("NOSUCHCOMMAND") }
        }
    }

    @Test("The database of the address is the one that is used")
    func number() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address(rest: "/3")) { house in
            _ = try await house.ask("SET", "key", "three")
            try await RedisHouse.with(server.address()) { other in
                #expect(try await other.ask("GET", "key") == .none)
                _ = try await other.ask("SELECT", "3")
                #expect(try await other.ask("GET", "key").text == "three")
            }
        }
    }

    @Test("A Redis that is killed keeps nobody waiting, is told once, and is used again when it is back")
    func killed() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            for turn in 1...3 {
                server.kill()
                try await eventually("the client knows") { !house.client.isOpen }
                await #expect(throws: RedisError(.away, "Redis is away")) { _ = try await house.ask("PING") }
                #expect(!house.client.tell([Array("PING".utf8)]))
                try await server.start()
                try await eventually("Redis is back") { house.client.isOpen }
                #expect(try await house.ask("PING").text == "PONG")
                // Of the two clients, the bus and the one beside it, each has its lines.
                try await eventually("both are back") { house.bus.isConnected }
                #expect(house.log.lines.count { $0.contains("Redis is away") } == 2 * turn)
                #expect(house.log.lines.count { $0.contains("Redis is there") } == 2 * turn + 2)
            }
        }
    }

    @Test("A Redis that does not answer lets the first wait for a moment and the others not at all")
    func held() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address(), patience: RedisClient.usualPatience) { house in
            server.hold()
            let first = await #expect(throws: RedisError.self) { _ = try await house.ask("PING") }
            #expect(first?.code == .late)
            for _ in 0..<100 {
                await #expect(throws: RedisError(.late, "Redis keeps others waiting")) {
                    _ = try await house.ask("PING")
                }
            }
            // What nobody waits for is bounded, too.
            var count = 0
            while house.client.tell([Array("PING".utf8)]), count < 100_000 { count += 1 }
            #expect(count < RedisClient.mostWaiting && count > RedisClient.mostWaiting - 10)
            server.letGo()
            try await eventually("it answers again") { (try? await house.ask("PING").text) == "PONG" }
        }
    }

    @Test("A Redis that is held for seconds is left, and found again")
    func silent() async throws {
        let server = try await TestRedis()
        try await RedisHouse.with(server.address()) { house in
            server.hold()
            try await eventually("the client gives up") { !house.client.isOpen }
            #expect(house.log.lines.contains { $0.contains("has not answered for") })
            server.letGo()
            try await eventually("Redis is back") { house.client.isOpen }
            #expect(try await house.ask("PING").text == "PONG")
        }
    }

    @Test(
        "A wrong password is told as such, and never shown",
        arguments: [":Wrong-Horse-3@", "somebody:Wrong-Horse-3@", ""])
    func wrongPassword(entrance: String) async throws {
        let server = try await TestRedis("--requirepass", "Secret-Horse-9")
        try await RedisHouse.with(server.address(entrance), waits: false) { house in
            try await eventually("a line says so") { !house.log.lines.isEmpty }
            let told = house.log.lines.joined()
            #expect(told.contains("refuses the user or the password of PALCO_REDIS"), "\(told)")
            #expect(told.contains("127.0.0.1:\(server.port)") && !told.contains("Horse") && !told.contains("somebody"))
            #expect(!house.client.isOpen)
        }
        try await RedisHouse.with(server.address(":Secret-Horse-9@")) { house in
            let answer = try await house.ask("PING")
            #expect(answer.text == "PONG")
        }
    }

    @Test("A user of Redis with a password of its own may enter")
    func user() async throws {
        let server = try await TestRedis(
            "--user", "palco", "on", ">Secret-Horse-9", "~palco:*", "&palco:*", "+@all", "--user", "default", "off")
        try await RedisHouse.with(server.address("palco:Secret-Horse-9@")) { house in
            let name = try await house.ask("ACL", "WHOAMI")
            #expect(name.text == "palco")
            // What the bus needs lies within what this user may.
            let bucket = RedisLimits.Bucket(limit: "a", rule: .init(burst: 1, interval: .seconds(9)), owner: "b")
            #expect(await house.bus.limits.take(bucket) == .taken)
        }
    }

    @Test("With TLS only a certificate for its host, of an authority that is trusted, is taken")
    func secure() async throws {
        let authority = try await TestAuthority()
        let pair = try await authority.issue("redis", for: "IP:127.0.0.1", "DNS:localhost")
        let server = try await TestRedis(
            secure: true, "--tls-cert-file", pair.certificate, "--tls-key-file", pair.key, "--tls-ca-cert-file",
            authority.path, "--tls-auth-clients", "no")
        for host in ["127.0.0.1", "localhost"] {
            let address = server.address(scheme: "rediss", host: host, rest: "?ca=\(authority.path)")
            try await RedisHouse.with(address) { house in
                let long = try await house.ask("ECHO", String(repeating: "x", count: 300_000))
                #expect(long.text?.count == 300_000)
                #expect(try await house.ask("PING").text == "PONG")
            }
        }
        let other = try await TestAuthority()
        for (rest, words) in [("?ca=\(other.path)", "certificate"), ("", "certificate"), ("?ca=/nowhere", "/nowhere")] {
            try await RedisHouse.with(server.address(scheme: "rediss", rest: rest), waits: false) { house in
                try await eventually("a line says so") { !house.log.lines.isEmpty }
                #expect(house.log.lines.joined().contains(words), "\(house.log.lines)")
                #expect(!house.client.isOpen)
            }
        }
        let stranger = try await authority.issue("other", for: "DNS:redis.example.org")
        let misnamed = try await TestRedis(
            secure: true, "--tls-cert-file", stranger.certificate, "--tls-key-file", stranger.key,
            "--tls-ca-cert-file", authority.path, "--tls-auth-clients", "no")
        for host in ["127.0.0.1", "localhost"] {
            let address = misnamed.address(scheme: "rediss", host: host, rest: "?ca=\(authority.path)")
            try await RedisHouse.with(address, waits: false) { house in
                try await eventually("a line says so") { house.log.lines.contains { $0.contains("mismatch") } }
                #expect(!house.client.isOpen)
            }
        }
        // Without TLS it says nothing that can be read.
        try await RedisHouse.with(server.address(), waits: false) { house in
            try await eventually("a line says so") { !house.log.lines.isEmpty }
            #expect(!house.client.isOpen)
        }
    }

    @Test("What is no Redis is told as such")
    func noRedis() async throws {
        let loops = try EventLoopGroup(count: 1)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: ConnectionSet(loops)) { connection in
            try? await connection.write(Array("220 mail.example.org ESMTP\r\n".utf8))
            var buffer = ByteBuffer(capacity: 1024)
            while let count = try? await connection.read(into: &buffer), count > 0 { buffer.removeAll() }
        }
        try await RedisHouse.with("redis://127.0.0.1:\(listener.port)", waits: false) { house in
            try await eventually("a line says so") { house.log.lines.contains { $0.contains("not speak as Redis") } }
        }
        listener.stop()
        await loops.shutdown()
    }
}
