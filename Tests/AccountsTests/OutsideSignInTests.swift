import FoundationEssentials
import HTTP
import OpenIDConnect
import Testing
import Web

@testable import Accounts

@Suite("Signing in at a provider")
struct OutsideSignInTests {
    static let ann = HouseProvider.Told.person("ann-1", "ann@example.org")

    static func problem(_ code: String) -> String { "/sign-in?problem=\(code)" }

    @Test("A person who is linked signs in by issuer and subject, whatever their address has become")
    func linked() async throws {
        let outside = try await OutsideHouse { $0.emailTrust = .always }
        let user = try await outside.house.addUser()
        try await outside.verify("ann@example.org")
        let visitor = outside.house.visitor()
        #expect(try await outside.signIn(visitor, as: Self.ann, next: "/watch/1?t=5").location == "/watch/1?t=5")
        #expect(try await outside.me(visitor)?.id == user.id.description)
        let elsewhere = outside.house.visitor()
        let renamed = HouseProvider.Told.person("ann-1", "bob@example.org")
        try await outside.house.addUser("bob@example.org")
        #expect(try await outside.signIn(elsewhere, as: renamed).location == "/")
        #expect(try await outside.me(elsewhere)?.id == user.id.description)
        // The same subject of another provider is somebody else.
        #expect(
            try await outside.signIn(elsewhere, as: Self.ann, at: outside.other).location == Self.problem("not_linked"))
    }

    @Test("Cookies are set as at a sign-in by password, the session before ends, and unsafe methods need the token")
    func session() async throws {
        let outside = try await OutsideHouse { $0.registers = true }
        let visitor = outside.house.visitor()
        let first = try await outside.signIn(visitor, as: Self.ann)
        #expect(
            first.headers.values(of: .setCookie).contains {
                $0.hasPrefix("palco_session=") && $0.contains("HttpOnly; SameSite=Lax")
            })
        let before = visitor.client.cookies["palco_session"] ?? ""
        try await outside.signIn(visitor, as: Self.ann)
        #expect(visitor.client.cookies["palco_session"] != before)
        let kept = try await visitor.client.get("/api/v1/auth/me", headers: ["Cookie": "palco_session=\(before)"])
        #expect(kept.status == .unauthorized)
        #expect(try await visitor.client.send(.patch, "/api/v1/auth/me", json: ["name": "A"]).status == .forbidden)
        #expect(
            try await visitor.client.send(.patch, "/api/v1/auth/me", headers: visitor.csrf, json: ["name": "A"]).status
                == .ok)
    }

    @Test("Over https the attempt's cookie belongs to this host alone, and comes back from the provider")
    func cookie() async throws {
        let outside = try await OutsideHouse(isSecureOnly: true)
        let sent = try await outside.house.visitor().client.get(OutsideHouse.path("house"))
        let cookie = try #require(sent.headers.values(of: .setCookie).first)
        #expect(cookie.hasPrefix("__Host-palco_outside="))
        for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"] { #expect(cookie.contains(part)) }
        #expect(sent.location?.contains("redirect_uri=https%3A%2F%2F") == true)
    }

    @Test(
        "An answer is good once, for ten minutes, in the browser that asked, and at the provider that it was asked of")
    func attempts() async throws {
        let outside = try await OutsideHouse { $0.registers = true }
        let visitor = outside.house.visitor()
        func begin() async throws -> (code: String, state: String) {
            let sent = try await visitor.client.get(OutsideHouse.path("house"))
            return outside.provider.code(for: Self.ann, at: sent.headers[.location] ?? "")
        }
        let over = Self.problem("sign_in_expired")
        let (code, state) = try await begin()
        // Of another browser, which had an attempt of its own.
        let thief = outside.house.visitor()
        _ = try await thief.client.get(OutsideHouse.path("house"))
        #expect(try await outside.back(thief, code, state).location == over)
        #expect(try await outside.back(outside.house.visitor(), code, state).location == over)
        // To the callback of another provider: a mix-up.
        #expect(try await outside.back(visitor, code, state, to: "other").location == over)
        #expect(outside.provider.redeemed.isEmpty && outside.other.redeemed.isEmpty)
        let (second, its) = try await begin()
        #expect(try await outside.back(visitor, second, its).location == "/")
        #expect(try await outside.back(visitor, second, its).location == over)
        let (late, old) = try await begin()
        outside.house.advance(by: 600)
        #expect(try await outside.back(visitor, late, old).location == over)
        for query in ["", "?code=c", "?state=x&code=c", "?code=c&state=\(String(repeating: "a", count: 3_000))"] {
            #expect(try await visitor.client.get(OutsideHouse.path("house") + "/callback" + query).location == over)
        }
        #expect(outside.provider.redeemed == [second])
    }

    @Test("Two tabs of one browser may be on their way at once")
    func tabs() async throws {
        let outside = try await OutsideHouse { $0.registers = true }
        let visitor = outside.house.visitor()
        var tabs: [(code: String, state: String)] = []
        for _ in 0..<2 {
            let sent = try await visitor.client.get(OutsideHouse.path("house"))
            tabs.append(outside.provider.code(for: Self.ann, at: sent.headers[.location] ?? ""))
        }
        for (code, state) in tabs { #expect(try await outside.back(visitor, code, state).location == "/") }
    }

    @Test("What the provider says when something is wrong stands in no answer, and each reason has a code")
    func problems() async throws {
        let outside = try await OutsideHouse { $0.registers = true }
        let visitor = outside.house.visitor()
        let sent = try await visitor.client.get(OutsideHouse.path("house"))
        let (_, state) = outside.provider.code(for: Self.ann, at: sent.headers[.location] ?? "")
        let refused = try await visitor.client.get(
            OutsideHouse.path("house") + "/callback?error=access_denied&error_description=%3Cscript%3E&state=\(state)")
        #expect(refused.location == Self.problem("provider_refused"))
        let wrong = try await outside.signIn(visitor, as: Self.ann.merging(["aud": #""x""#]) { $1 })
        #expect(wrong.location == Self.problem("provider_invalid"))
        #expect(try await outside.signIn(visitor, as: .person("b", nil)).location == Self.problem("address_missing"))
        outside.house.advance(by: 3_600)
        outside.provider.isDown(true)
        #expect(
            try await visitor.client.get(OutsideHouse.path("house")).location == Self.problem("provider_unavailable"))
        #expect(try await visitor.client.get(OutsideHouse.path("nobody")).status == .notFound)
        #expect(
            try await visitor.client.get(OutsideHouse.path("nobody") + "/callback?state=\(state)&code=c").status
                == .notFound)
    }

    @Test(
        "A person goes on to a page of this server and nowhere else",
        arguments: [
            "//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "https:evil.example.org",
            "\\\\evil",
            "/\t/evil", "/\n/evil", "/%09/evil", "/%2fevil", "/%2Fevil", "/%5cevil", "javascript:alert(1)", "evil", "",
            "/a//evil", "/./evil", "/../evil", "/x/..//evil", "/api/v1/auth/me", "/%61pi/v1/auth/me", "/é", "/ a",
            "/a%zz",
            "/\u{0}", "/\r\nSet-Cookie: a=b", "/" + String(repeating: "a", count: 1_100), " /", "///evil", "/%00",
        ])
    func openRedirects(next: String) async throws {
        #expect(OwnPath(next) == nil)
        let outside = try await OutsideHouse { $0.registers = true }
        let answer = try await outside.signIn(outside.house.visitor(), as: Self.ann, next: next)
        #expect(answer.location == "/")
    }

    @Test(
        "Pages of this server are gone on to",
        arguments: ["/", "/watch/5", "/watch/5?t=1&u=//x", "/a/b#c", "/?q=https://x"])
    func ownPaths(next: String) { #expect(OwnPath(next)?.text == next) }

    @Test("New people come only where that is set, as users, and only with addresses of the domains that are set")
    func registering() async throws {
        let closed = try await OutsideHouse { $0.emailTrust = .always }
        #expect(try await closed.signIn(closed.house.visitor(), as: Self.ann).location == Self.problem("not_linked"))
        let open = try await OutsideHouse { $0.registers = true }
        let visitor = open.house.visitor()
        #expect(
            try await open.signIn(visitor, as: .person("z", "Zoe@Example.org", ["name": #""Zoë""#])).location == "/")
        let zoe = try #require(try await open.me(visitor))
        #expect(zoe.email == "zoe@example.org" && zoe.role == "user" && zoe.name == "Zoë")
        let domains = try await OutsideHouse {
            $0.registers = true
            $0.emailTrust = .always
            $0.domains = ["example.org"]
        }
        for (told, isIn) in [
            (Self.ann, true), (.person("b", "b@example.net"), false), (.person("c", "c@evil-example.org"), false),
            (.person("d", "d@example.org", isVerified: false), false), (.person("e", "e@example.org@evil.net"), false),
        ] {
            let answer = try await domains.signIn(domains.house.visitor(), as: told)
            #expect((answer.location == "/") == isIn, "\(told)")
        }
    }

    @Test("A claim decides about the role where that is set, and never takes the last administrator")
    func roles() async throws {
        let outside = try await OutsideHouse {
            $0.registers = true
            $0.roleMapping = .init(claim: "realm.roles", roles: ["boss": .admin, "maker": .creator])
        }
        func role(_ groups: String) async throws -> String? {
            let visitor = outside.house.visitor()
            try await outside.signIn(
                visitor, as: .person("ann-1", "ann@example.org", ["realm": #"{"roles":\#(groups)}"#]))
            return try await outside.me(visitor)?.role
        }
        #expect(try await role(#"["maker","unheard"]"#) == "creator")
        #expect(try await role(#"["maker","boss"]"#) == "admin")
        // Nobody else administers the house.
        #expect(try await role("[]") == "admin")
        try await outside.house.addUser("chief@example.org", role: .admin)
        #expect(try await role("[]") == "user")
        #expect(try await role(#""maker""#) == "creator")
        #expect(try await role("5") == "user")
    }

    @Test("A claim has people join groups that exist and leave those it had them join, and no others")
    func groups() async throws {
        let outside = try await OutsideHouse {
            $0.registers = true
            $0.groupsClaim = "realm.groups"
        }
        let manage = outside.house.accounts.groups
        let (_, surgeons, night) = (
            try await manage.create("Nurses", by: .system), try await manage.create("Surgeons", by: .system),
            try await manage.create("Night", by: .system)
        )
        func groups(_ claims: [String: String]) async throws -> [String] {
            try await outside.signIn(outside.house.visitor(), as: .person("ann-1", "ann@example.org", claims))
            let user = try #require(try await outside.house.user("ann@example.org"))
            return try await outside.house.accounts.database.read { access in
                try GroupStore().all(of: user.id, in: access).map(\.name)
            }
        }
        #expect(try await groups(["realm": #"{"groups":["NURSES","Surgeons","Unheard"]}"#]) == ["Nurses", "Surgeons"])
        let ann = try #require(try await outside.house.user("ann@example.org"))
        let accounts = outside.house.accounts
        let first = try await accounts.database.read { access -> SessionID? in
            try access.first("SELECT id FROM sessions WHERE user_id = $1", ann.id)?.value("id")
        }
        let earlier = try #require(first)
        /// In how many groups the earlier sign-in is, as it is remembered.
        func remembered() async throws -> Int? {
            try await accounts.lookup.session(earlier, at: outside.house.now)?.groups.count
        }
        #expect(try await remembered() == 2)
        try await manage.add(ann.id, to: night.id, by: .system)
        #expect(try await remembered() == 3)
        #expect(try await groups(["realm": #"{"groups":["Surgeons","Night"]}"#]) == ["Night", "Surgeons"])
        #expect(try await remembered() == 2, "who leaves by a claim has left for the sign-ins that are there already")
        // An administrator's word stands above the claim's, also where the claim was first.
        try await manage.add(ann.id, to: surgeons.id, by: .system)
        #expect(try await groups(["realm": #"{"groups":"nurses"}"#]) == ["Night", "Nurses", "Surgeons"])
        #expect(try await remembered() == 3)
        #expect(try await groups([:]) == ["Night", "Surgeons"])
        let count = try await manage.list(after: nil, limit: 10).count
        #expect(count == 3, "no group was made")
        let told = try await outside.house.accounts.database.read { access in
            try access.query(
                "SELECT action, after_json, before_json FROM audit WHERE action LIKE 'group.member%' ORDER BY id"
            ).map { try $0.value("action", as: String.self) }
        }
        #expect(told.filter { $0 == "group.member_added" }.count == 4 && told.count == 6, "\(told)")
    }

    @Test("A change of role by a claim is obeyed by the sign-ins that are there already")
    func roleAtOnce() async throws {
        let outside = try await OutsideHouse {
            $0.registers = true
            $0.roleMapping = .init(claim: "groups", roles: ["maker": .creator])
        }
        let first = outside.house.visitor()
        try await outside.signIn(first, as: .person("a", "a@example.org", ["groups": #"["maker"]"#]))
        #expect(try await first.client.get("/least/creator").status == .ok)
        try await outside.signIn(outside.house.visitor(), as: .person("a", "a@example.org", ["groups": "[]"]))
        #expect(try await first.client.get("/least/creator").status == .forbidden)
    }

    @Test("Who is disabled stays out, and an account with codes asks for one unless the provider does")
    func keptOut() async throws {
        for hasSecondFactor in [false, true] {
            let outside = try await OutsideHouse {
                $0.emailTrust = .always
                $0.hasSecondFactor = hasSecondFactor
            }
            try await outside.house.addUser()
            try await outside.verify("ann@example.org")
            let visitor = outside.house.visitor()
            try await outside.signIn(visitor, as: Self.ann)
            try await outside.house.accounts.database.write {
                _ = try $0.execute("UPDATE users SET is_otp_enabled = 1")
            }
            let answer = try await outside.signIn(visitor, as: Self.ann)
            #expect(answer.location == (hasSecondFactor ? "/" : Self.problem("otp_required")))
            try await outside.house.accounts.database.write { _ = try $0.execute("UPDATE users SET is_disabled = 1") }
            #expect(try await outside.signIn(visitor, as: Self.ann).location == Self.problem("account_disabled"))
        }
    }
}
