import HTTP
import Reactor
import Synchronization
import Testing

@testable import Web

@Suite("Limits of routes")
struct RateLimitTests {
    final class Clock: Sendable {
        private let moment = Mutex(MonotonicTime(nanoseconds: 1_000_000_000_000))
        var now: MonotonicTime { moment.withLock { $0 } }
        func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
    }

    struct Number: Sendable { let value: UInt64 }

    /// The access check takes the number in `Authorization` for the account.
    static func router(_ clock: Clock) -> RouterBuilder {
        var options = RouterBuilder.Options()
        options.clock = { clock.now }
        options.accountOf = { context in context.values[Number.self].map { AccountKey(high: 7, low: $0.value) } }
        let check = AccessCheck { request, context, _ in
            guard let number = request.headers[.authorization].flatMap({ UInt64($0) }) else {
                throw Problem.unauthorized()
            }
            context.values[Number.self] = Number(value: number)
        }
        return RouterBuilder(options: options, accessCheck: check)
    }

    static let perAddress = RateLimit("doors", of: .address, burst: 3, interval: .seconds(10))
    static let perAccount = RateLimit("pages", of: .account, burst: 2, interval: .milliseconds(2_500))

    static func client(_ application: Application, from host: String = "192.0.2.1") -> InProcessClient {
        let client = InProcessClient(application)
        client.remoteAddress = SocketAddress(host: host, port: 1)
        return client
    }

    static func statuses(_ client: InProcessClient, _ targets: [String], as number: Int? = nil) async throws -> [Int] {
        var statuses: [Int] = []
        for target in targets {
            let fields: HeaderFields = number.map { [.authorization: "\($0)"] } ?? [:]
            statuses.append(try await client.get(target, headers: fields).status.code)
        }
        return statuses
    }

    @Test("An address gets what its bucket holds at all routes of a limit, and others get their own")
    func perAddress() async throws {
        let clock = Clock()
        let router = Self.router(clock)
        let doors = router.group("/doors", access: .public, limit: Self.perAddress)
        doors.get("/a") { _, _ in .noContent }
        doors.get("/b") { _, _ in .noContent }
        router.get("/free", access: .public) { _, _ in .noContent }
        let application = try router.build()
        #expect(application.routes.map(\.limit?.name) == ["doors", "doors", nil])
        let client = Self.client(application, from: "2001:db8::1")
        let rows = ["/doors/a", "/doors/b", "/doors/a", "/doors/b", "/free"]
        #expect(try await Self.statuses(client, rows) == [204, 204, 204, 429, 204])
        let neighbor = Self.client(application, from: "2001:db8::ffff:1")
        #expect(try await Self.statuses(neighbor, ["/doors/a"]) == [429])
        let stranger = Self.client(application, from: "2001:db8:0:1::1")
        #expect(try await Self.statuses(stranger, ["/doors/a"]) == [204])
        clock.advance(by: .seconds(10))
        #expect(try await Self.statuses(client, ["/doors/a", "/doors/a"]) == [204, 429])
    }

    @Test("Who is refused hears why and when it is worth coming again, as a problem and in fields")
    func refusal() async throws {
        let clock = Clock()
        let router = Self.router(clock)
        router.get("/door", access: .public, limit: Self.perAddress) { _, _ in .noContent }
        let client = Self.client(try router.build())
        _ = try await Self.statuses(client, ["/door", "/door", "/door"])
        clock.advance(by: .milliseconds(1_500))
        let refused = try await client.get("/door")
        #expect(refused.status == .tooManyRequests && refused.headers[.contentType] == "application/problem+json")
        #expect(refused.text.contains(#""code":"too_many_requests""#) && refused.text.contains(#""retry_after":9"#))
        #expect(refused.headers[.retryAfter] == "9" && refused.headers[.rateLimitReset] == "9")
        #expect(refused.headers[.rateLimitLimit] == "3" && refused.headers[.rateLimitRemaining] == "0")
    }

    @Test("An account gets its own wherever it comes from, and a school behind one address is many accounts")
    func perAccount() async throws {
        let clock = Clock()
        let router = Self.router(clock)
        router.get("/pages", access: .signedIn, limit: Self.perAccount) { _, _ in .noContent }
        let application = try router.build()
        let school = Self.client(application)
        let rows = ["/pages", "/pages", "/pages"]
        for pupil in 1...40 { #expect(try await Self.statuses(school, rows, as: pupil) == [204, 204, 429]) }
        #expect(try await Self.statuses(Self.client(application, from: "198.51.100.1"), ["/pages"], as: 1) == [429])
        // Nobody's requests are nobody's account: they are refused before anything is counted.
        #expect(try await Self.statuses(school, rows) == [401, 401, 401])
        clock.advance(by: .milliseconds(2_500))
        #expect(try await Self.statuses(school, rows, as: 1) == [204, 429, 429])
    }

    @Test(
        "Addresses are counted before the access check is asked; where an account is not known, its address is counted")
    func order() async throws {
        let clock = Clock()
        let router = Self.router(clock)
        router.get("/door", access: .signedIn, limit: Self.perAddress) { _, _ in .noContent }
        router.get("/pages", access: .public, limit: Self.perAccount) { _, _ in .noContent }
        let client = Self.client(try router.build())
        #expect(try await Self.statuses(client, Array(repeating: "/door", count: 5)) == [401, 401, 401, 429, 429])
        #expect(try await Self.statuses(client, ["/pages", "/pages", "/pages"]) == [204, 204, 429])
    }

    @Test("A route's limit stands before its group's, and groups hand theirs down")
    func inherited() throws {
        let router = Self.router(Clock())
        let group = router.group("/a", access: .public, limit: Self.perAddress)
        group.get("/one") { _, _ in .noContent }
        group.get("/two", limit: Self.perAccount) { _, _ in .noContent }
        group.group("/b").post("/three") { _, _ in .noContent }
        group.group("/c", context: { _, parent in parent }).webSocket("/four") { _, _ in }
        #expect(try router.build().routes.map(\.limit?.name) == ["doors", "pages", "doors", "doors"])
    }
}
