import Glibc
import HTTP
import Reactor
import Synchronization
import Testing
import Web

@testable import App
@testable import TestSupport

@Suite("Health and numbers")
struct HealthTests {
    static let token = "a-token-of-this-test"

    struct Reader: Sendable, CustomTestStringConvertible {
        var host = "127.0.0.1"
        var fields: [(String, String)] = []
        var isAnswered: Bool
        var testDescription: String { "\(host) \(fields)" }
    }

    @Test(
        "The numbers are for this machine and for who knows the token",
        arguments: [
            Reader(isAnswered: true), Reader(host: "::1", isAnswered: true),
            Reader(fields: [("Host", "localhost:8080")], isAnswered: true),
            Reader(fields: [("Host", "[::1]:8080")], isAnswered: true), Reader(host: "203.0.113.1", isAnswered: false),
            // A proxy on this machine asks for somebody else.
            Reader(fields: [("Host", "video.example")], isAnswered: false),
            Reader(fields: [("X-Forwarded-For", "203.0.113.1")], isAnswered: false),
            Reader(fields: [("X-Forwarded-For", "127.0.0.1")], isAnswered: false),
            Reader(fields: [("Forwarded", "for=127.0.0.1")], isAnswered: false),
            Reader(fields: [("Via", "1.1 proxy")], isAnswered: false),
            Reader(host: "127.0.0.9", fields: [("X-Forwarded-For", "127.0.0.1")], isAnswered: false),
            Reader(host: "203.0.113.1", fields: [("Authorization", "Bearer \(token)")], isAnswered: true),
            Reader(host: "203.0.113.1", fields: [("Authorization", "Bearer \(token)x")], isAnswered: false),
            Reader(host: "203.0.113.1", fields: [("Authorization", "Bearer ")], isAnswered: false),
            Reader(fields: [("Authorization", "Bearer wrong-token-of-this")], isAnswered: false),
        ])
    func metrics(reader: Reader) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder) { settings in
            settings.metricsToken = Self.token
            settings.trustedProxies = ["127.0.0.9"].compactMap(IPNetwork.init)
        }
        let client = InProcessClient(house.application)
        client.remoteAddress = SocketAddress(host: reader.host, port: 1)
        let answer = try await client.get(
            "/metrics", headers: HeaderFields(reader.fields.map { (FieldName($0.0), $0.1) }))
        #expect(answer.status == (reader.isAnswered ? .ok : .notFound))
        #expect(answer.text.contains("palco_info") == reader.isAnswered)
        await house.server.stop()
    }

    @Test("Without a token no field lets anybody in")
    func noToken() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let client = InProcessClient(house.application)
        client.remoteAddress = SocketAddress(host: "203.0.113.1", port: 1)
        for field in ["Bearer ", "Bearer nil", ""] {
            #expect(try await client.get("/metrics", headers: ["Authorization": field]).status == .notFound)
        }
        await house.server.stop()
    }

    @Test("A server that is stopping is not ready, at once")
    func stopping() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let client = InProcessClient(house.application)
        #expect(try await client.get("/readyz").status == .ok)
        house.server.services.connections.drain()
        let answer = try await client.get("/readyz")
        #expect(answer.status == .serviceUnavailable && answer.text.contains(#""accepting":"failing""#))
        #expect(!answer.text.contains("database"), "what may be slow is not waited for")
        #expect(try await client.get("/healthz").status == .ok)
        await house.server.stop()
    }

    @Test("A server without its database is not ready")
    func noDatabase() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        await house.database.close()
        let answer = try await InProcessClient(house.application).get("/readyz")
        #expect(answer.status == .serviceUnavailable && answer.text.contains(#""database":"failing""#))
        await house.server.stop()
    }

    @Test("At debug level each connection has a line once it is over, at others none", arguments: [true, false])
    func connectionLine(isDebug: Bool) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder) { $0.logLevel = isDebug ? .debug : .info }
        try await house.serving { port in
            let client = WireClient(ring: .socket, server: house.server, port: port)
            let answer = try await client.get("/healthz")
            #expect(answer.status == 200)
        }
        let lines = house.log.lines.filter { $0.contains(#""message":"connection""#) }
        #expect(lines.isEmpty != isDebug)
        #expect(lines.allSatisfy { $0.contains(#""requests":"#) && $0.contains(#""address":"127.0.0.1""#) })
    }

    @Test("The database's numbers are counted once in a while, not once for each reader")
    func keptCounts() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let time = Mutex(MonotonicTime(nanoseconds: 1))
        let router = RouterBuilder()
        HealthRoutes(house.server.services, metricsToken: nil, now: { time.withLock { $0 } }).add(to: router)
        let client = InProcessClient(try router.build())
        #expect(try await client.get("/readyz").status == .ok)
        #expect(try await !client.get("/metrics").text.contains("palco_videos{"))
        _ = try await house.addVideo()
        #expect(try await !client.get("/metrics").text.contains("palco_videos{"))
        time.withLock { $0 = $0 + .seconds(11) }
        #expect(try await client.get("/metrics").text.contains("palco_videos{"))
        await house.server.stop()
    }
}

@Suite("What the server sees of a caller")
struct ConnectionRoutesTests {
    struct Way: Sendable, CustomTestStringConvertible {
        var host = "203.0.113.1"
        var fields: [(String, String)] = []
        var sees: String
        var testDescription: String { "\(host) \(fields)" }
    }

    @Test(
        "The address, the scheme and the name as far as they are believed, and whether a WebSocket could begin",
        arguments: [
            Way(fields: [("Host", "a.example")], sees: "203.0.113.1 false false http a.example false"),
            Way(
                fields: [("Host", "a.example"), ("X-Forwarded-For", "198.51.100.9"), ("Upgrade", "websocket")],
                sees: "203.0.113.1 false true http a.example true"),
            Way(
                host: "127.0.0.9",
                fields: [
                    ("Host", "inner"), ("X-Forwarded-For", "198.51.100.9"), ("X-Forwarded-Proto", "https"),
                    ("X-Forwarded-Host", "a.example"), ("Upgrade", "WebSocket"),
                ], sees: "198.51.100.9 true true https a.example true"),
            Way(host: "127.0.0.9", fields: [("Upgrade", "h2c")], sees: "127.0.0.9 false false http none false"),
        ])
    func seen(way: Way) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder) { $0.trustedProxies = ["127.0.0.9"].compactMap(IPNetwork.init) }
        let client = InProcessClient(house.application)
        client.remoteAddress = SocketAddress(host: way.host, port: 1)
        let answer = try await client.get(
            "/connection", headers: HeaderFields(way.fields.map { (FieldName($0.0), $0.1) }))
        let seen = try answer.decode(ConnectionRoutes.Seen.self)
        let text =
            "\(seen.address) \(seen.isProxied) \(seen.isForwarded) \(seen.scheme) \(seen.host ?? "none") "
            + "\(seen.offersWebSocket)"
        #expect(text == way.sees)
        await house.server.stop()
    }
}

@Suite("Numbers of the process")
struct ProcessNumbersTests {
    @Test("The name of a program may hold anything")
    func name() throws {
        let status =
            "7 (a) S (b c) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 9 0 1000 1048576 3 18446744073709551615"
        let numbers = try #require(
            ProcessNumbers(status: status, system: "cpu 1\nbtime 1700000000\n", openFiles: 5, maxFiles: 6))
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        #expect(numbers.cpuSeconds == 400 / ticks && numbers.startTime == 1_700_000_000 + 1000 / ticks)
        #expect(numbers.threads == 9 && numbers.virtualBytes == 1_048_576)
        #expect(numbers.residentBytes == 3 * sysconf(Int32(_SC_PAGESIZE)))
        #expect(ProcessNumbers(status: "7 (a) S 1", system: "btime 1", openFiles: 0, maxFiles: 0) == nil)
    }

    @Test("This process has files open, and memory and time behind it")
    func own() throws {
        let numbers = try #require(ProcessNumbers.read())
        #expect(numbers.openFiles > 2 && numbers.openFiles <= numbers.maxFiles)
        #expect(numbers.residentBytes > 1 << 20 && numbers.cpuSeconds >= 0 && numbers.threads > 1)
        #expect(numbers.startTime > 1_700_000_000)
    }
}

@Suite("Answers that are kept")
struct KeptAnswerTests {
    @Test("One look for all who ask within the time, and another one after it")
    func lifetime() async {
        let looks = Mutex(0)
        let time = Mutex(MonotonicTime(nanoseconds: 0))
        let answer = KeptAnswer(for: .seconds(2), now: { time.withLock { $0 } }) {
            looks.withLock { looks in
                looks += 1
                return looks
            }
        }
        #expect(await answer() == 1)
        time.withLock { $0 = MonotonicTime(nanoseconds: 1_999_999_999) }
        #expect(await answer() == 1)
        time.withLock { $0 = MonotonicTime(nanoseconds: 2_000_000_000) }
        #expect(await answer() == 2)
    }

    @Test("Who asks while somebody looks waits for what is found")
    func oneLook() async {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let (found, find) = AsyncStream.makeStream(of: Int.self)
        let looks = Atomic(0)
        let answer = KeptAnswer(for: .seconds(60)) {
            looks.add(1, ordering: .relaxed)
            ask.yield()
            for await number in found { return number }
            return 0
        }
        let askers = (0..<20).map { _ in Task { await answer() } }
        for await _ in asked { break }
        while answer.waitingCount < 19 { await Task.yield() }
        find.yield(7)
        for asker in askers { #expect(await asker.value == 7) }
        #expect(looks.load(ordering: .relaxed) == 1)
    }
}
