import Accounts
import FoundationEssentials
import HTTP
import Reactor
import Security
import Testing
import Web

@testable import App
@testable import TestSupport
@testable import Videos

/// What people do with a whole server, as its audit tells it.
@Suite("What the audit tells of a server")
struct AuditFeatureTests {
    /// The administrator, with a cookie.
    static func administrator(_ house: AppHouse, from host: String = "192.0.2.1") async throws -> InProcessClient {
        let client = InProcessClient(house.application)
        client.remoteAddress = SocketAddress(host: host, port: 1)
        let answer = try await client.send(
            .post, "/api/v1/auth/login", json: ["email": AppHouse.email, "password": AppHouse.password])
        #expect(answer.status == .ok)
        return client
    }

    static func csrf(_ client: InProcessClient) -> HeaderFields {
        ["X-CSRF-Token": client.cookies["palco_csrf"] ?? ""]
    }

    static func entries(_ client: InProcessClient, _ action: String) async throws -> [JSONValue] {
        try await client.get("/api/v1/admin/audit?action=\(action)").decode(JSONValue.self)["data"]?.items ?? []
    }

    @Test("Who may see a video is told with what it was, and nothing where nothing changed")
    func visibility() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let admin = try await Self.administrator(house)
        let id = try await house.addVideo(premium: false, hidden: false)
        func change(_ change: String) async throws {
            var headers = Self.csrf(admin)
            headers[.contentType] = "application/json"
            let answer = try await admin.send(
                .patch, "/api/v1/videos/\(id)", headers: headers, body: RequestBody(change))
            #expect(answer.status == .ok, "\(answer.text)")
        }
        try await change(#"{"title":"Another title"}"#)
        try await change(#"{"is_hidden":false}"#)
        #expect(try await Self.entries(admin, "video.visibility_changed").isEmpty)
        try await change(#"{"is_hidden":true,"password":"a-film-password"}"#)
        try await change(#"{"password":"another-film-password"}"#)
        let told = try await Self.entries(admin, "video.visibility_changed")
        #expect(told.count == 1)
        #expect(told.first?["before"] == .object(["is_hidden": .bool(false), "has_password": .bool(false)]))
        #expect(told.first?["after"] == .object(["is_hidden": .bool(true), "has_password": .bool(true)]))
        #expect(told.first?["target"]?["id"]?.text == "\(id)" && told.first?["address"]?.text == "192.0.2.1")
        #expect(told.first?["actor"]?["name"]?.text == AppHouse.email)
        #expect(try await Self.entries(admin, "video.password_changed").count == 1)
        let removal = try await admin.send(.delete, "/api/v1/videos/\(id)", headers: Self.csrf(admin))
        #expect(removal.status == .noContent)
        let removed = try await Self.entries(admin, "video.trashed")
        #expect(removed.count == 1 && removed.first?["target"]?["name"]?.text == "Another title")
        let whole = try await admin.get("/api/v1/admin/audit/export?format=jsonl").text
        #expect(!whole.contains("film-password") && whole.contains("video.trashed"))
        await house.server.stop()
    }

    @Test("An original that is taken is told before its first byte, once for all its parts; who is refused takes none")
    func originals() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let admin = try await Self.administrator(house)
        let form = FeatureTests.form(try await FeatureTests.film(in: folder))
        var headers = HeaderFields(form.headers.map { (FieldName($0.0), $0.1) })
        headers.append(contentsOf: Self.csrf(admin))
        let made = try await admin.send(
            .post, "/api/v1/videos", headers: headers, body: RequestBody(form.body)
        ).decode(JSONValue.self)
        let path = "/api/v1/videos/\(try #require(made["id"]?.text))/original"
        let token = try await house.token(of: .user)
        let refused = try await InProcessClient(house.application).get(
            path, headers: ["Authorization": "Bearer \(token)"])
        #expect(refused.status == .forbidden)
        #expect(try await admin.send(.head, path).status == .ok)
        #expect(try await Self.entries(admin, "video.original_downloaded").isEmpty)
        for range in ["bytes=5-9", "bytes=0-4", "bytes=10-"] {
            #expect(try await admin.get(path, headers: ["Range": range]).status.code == 206)
        }
        let told = try await Self.entries(admin, "video.original_downloaded")
        #expect(told.count == 1 && told.first?["target"]?["id"] == made["id"])
        // From elsewhere it is another one.
        admin.remoteAddress = SocketAddress(host: "192.0.2.2", port: 1)
        #expect(try await admin.get(path).status == .ok)
        #expect(try await Self.entries(admin, "video.original_downloaded").count == 2)
        await house.server.stop()
    }

    @Test("A key that a sign-in fetches from a second network is told; from the first one, and again, it is not")
    func keys() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let person = try await house.person(.premium)
        let (use, film) = (KeyUse(audit: house.server.services.accounts.audit), VideoID())
        func fetch(_ session: UInt64, _ host: String) {
            let pass = PlaybackPass(
                video: film, version: film.firstVersion, token: "",
                expiresAt: 0, viewer: person.short, session: session, isShared: false)
            use.note(pass, from: SocketAddress(host: host, port: 1))
        }
        for host in ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "192.0.2.1"] { fetch(1, host) }
        fetch(2, "198.51.100.1")
        let admin = try await Self.administrator(house)
        let told = try await Self.entries(admin, "video.key_used_elsewhere")
        #expect(told.count == 1 && told.first?["address"]?.text == "2001:db8::1")
        #expect(told.first?["actor"]?["id"]?.text == "\(person)")
        #expect(told.first?["actor"]?["name"]?.text == "premium@example.org")
        #expect(told.first?["target"]?["id"]?.text == "\(film)")
        await house.server.stop()
    }

    @Test("Settings are told at the first start that has them, and not again")
    func settings() async throws {
        let folder = try TemporaryFolder()
        for start in 0..<2 {
            let house = try await AppHouse(in: folder) { settings in
                settings.given["PALCO_AUDIT_DAYS"] = GivenSetting(value: "90", source: .file)
                settings.given["PALCO_ADMIN_PASSWORD"] = GivenSetting(value: nil, source: .environment)
            }
            try await house.serving { _ in
                let admin = try await Self.administrator(house)
                let told = try await Self.entries(admin, "settings.changed")
                #expect(told.count == 1, "start \(start)")
                #expect(told.first?["after"]?["PALCO_AUDIT_DAYS"]?.text == "90")
                #expect(told.first?["after"]?["PALCO_ADMIN_PASSWORD"]?.text == "(secret)")
                #expect(told.first?["actor"]?["kind"]?.text == "system")
            }
        }
    }

    @Test("Refused sign-ins are told with the account where there is one")
    func refusals() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let stranger = InProcessClient(house.application)
        stranger.remoteAddress = SocketAddress(host: "203.0.113.1", port: 1)
        for email in [AppHouse.email, AppHouse.email, "not-an-address-but-a-password"] {
            let answer = try await stranger.send(
                .post, "/api/v1/auth/login", json: ["email": email, "password": "Wrong-1-password"])
            #expect(answer.status.code == 401)
        }
        let admin = try await Self.administrator(house)
        let told = try await Self.entries(admin, "user.sign_in_refused")
        #expect(told.count == 2 && told.allSatisfy { $0["outcome"]?.text == "refused" })
        let known = try #require(told.first { $0["target"] != .null })
        #expect(known["target"]?["name"]?.text == AppHouse.email && known["after"]?["count"] == .number(2))
        let whole = try await admin.get("/api/v1/admin/audit/export").text
        #expect(!whole.contains("but-a-password") && !whole.contains("Wrong-1"))
        await house.server.stop()
    }
}
