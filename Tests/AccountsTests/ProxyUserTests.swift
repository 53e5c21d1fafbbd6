import FoundationEssentials
import HTTP
import Reactor
import Testing
import Web

@testable import Accounts
@testable import HTTP

@Suite("People whom a proxy vouches for")
struct ProxyUserTests {
    static let proxies = TrustedProxies([IPNetwork("10.0.0.1")].compactMap { $0 })

    func house(registers: Bool = false) async throws -> OutsideHouse {
        try await OutsideHouse(
            proxyUsers: ProxyUserRules(field: "X-Remote-User", proxies: Self.proxies, registers: registers))
    }

    func me(
        _ outside: OutsideHouse, _ headers: HeaderFields, from host: String = "10.0.0.1", method: Request.Method = .get
    ) async throws -> InProcessClient.Answer {
        let visitor = outside.house.visitor(from: host)
        guard method == .get else {
            return try await visitor.client.send(method, "/api/v1/auth/me", headers: headers, json: ["name": "A"])
        }
        return try await visitor.client.get("/api/v1/auth/me", headers: headers)
    }

    @Test("The field from a trusted proxy is the person, by one session that ends like others")
    func trusted() async throws {
        let outside = try await house()
        let user = try await outside.house.addUser()
        try await outside.verify("ann@example.org")
        let named: HeaderFields = ["X-Remote-User": "Ann@example.org"]
        for _ in 0..<3 { #expect(try await me(outside, named).decode(OutsideHouse.Me.self).id == user.id.description) }
        let sessions = try await outside.house.accounts.database.read {
            try $0.query("SELECT method FROM sessions").map { try $0.value("method", as: String.self) }
        }
        #expect(sessions == ["proxy"])
        try await outside.house.accounts.changePerson(user.id, PersonEdit(isDisabled: true), by: .system)
        let refused = try await me(outside, named)
        #expect(try refused.status == .unauthorized && refused.refusal.code == "unauthorized")
        #expect(try await me(outside, [:]).status == .unauthorized)
    }

    @Test("From anyone else the field is ignored, and the log says so once")
    func spoofed() async throws {
        let outside = try await house()
        try await outside.house.addUser()
        for host in ["203.0.113.7", "10.0.0.2", "127.0.0.1"] {
            #expect(try await me(outside, ["X-Remote-User": "ann@example.org"], from: host).status == .unauthorized)
        }
        #expect(outside.house.log.lines.filter { $0.contains("PALCO_TRUSTED_USER_HEADER") }.count == 1)
        // A stranger cannot make themselves the proxy by what they write.
        let forged: HeaderFields = [
            "X-Remote-User": "ann@example.org", "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1",
        ]
        #expect(try await me(outside, forged, from: "203.0.113.7").status == .unauthorized)
    }

    @Test(
        "Two names, or one that is no address, are nobody",
        arguments: ["ann", "ann@example.org, bob@example.org", "a@b@c"])
    func strange(value: String) async throws {
        let outside = try await house(registers: true)
        #expect(try await me(outside, ["X-Remote-User": value]).status == .unauthorized)
        var twice: HeaderFields = ["X-Remote-User": "ann@example.org"]
        twice.append("X-Remote-User", "bob@example.org")
        #expect(try await me(outside, twice).status == .unauthorized)
    }

    @Test("Who has no account gets one only where that is set")
    func registering() async throws {
        let named: HeaderFields = ["X-Remote-User": "new@example.org"]
        let refused = try await me(try await house(), named)
        #expect(try refused.status == .unauthorized && refused.refusal.code == "unknown_proxy_user")
        let person = try await me(try await house(registers: true), named).decode(OutsideHouse.Me.self)
        #expect(person.email == "new@example.org" && person.role == "user")
    }

    @Test("A browser sends such requests by itself, so unsafe methods need the token that its page has")
    func csrf() async throws {
        let outside = try await house()
        try await outside.house.addUser()
        try await outside.verify("ann@example.org")
        let named: HeaderFields = ["X-Remote-User": "ann@example.org"]
        let answer = try await me(outside, named)
        let cookie = try #require(answer.headers.values(of: .setCookie).first { $0.hasPrefix("palco_csrf=") })
        let token = String(cookie.dropFirst("palco_csrf=".count).prefix { $0 != ";" })
        #expect(try await me(outside, named, method: .patch).status == .forbidden)
        var good = named
        good.append("X-CSRF-Token", token)
        #expect(try await me(outside, good, method: .patch).status == .ok)
    }

    @Test("An account whose address nobody had shown to be theirs is the proxy's person's alone from then on")
    func claimed() async throws {
        let outside = try await house()
        try await outside.house.addUser()
        let attacker = outside.house.visitor(from: "203.0.113.7")
        _ = try await attacker.signIn()
        #expect(try await me(outside, ["X-Remote-User": "ann@example.org"]).status == .ok)
        #expect(try await outside.me(attacker) == nil)
        #expect(try await outside.house.visitor().signIn().status == .unauthorized)
    }
}
