import Cryptography
import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import TestSupport

/// An entry, but for its id and its time.
struct Told: Equatable {
    var actor: String? = "root@example.org"
    var kind = AuditActor.Kind.person
    /// What it is about, by its name.
    var target: String?
    var address: String? = "192.0.2.7"
    var before: [String: AuditValue] = [:]
    var after: [String: AuditValue] = [:]
}

extension SignInHouse {
    /// The entries of an action.
    func entries(_ action: AuditAction) async throws -> [AuditEntry] {
        try await accounts.audit.writeCounted()
        var query = AuditQuery()
        (query.actions, query.isOldestFirst) = ([action], true)
        let wanted = query
        return try await accounts.database.read { [store = accounts.audit.store] in
            try store.list(wanted, count: 1_000, in: $0)
        }
    }

    func told(_ action: AuditAction) async throws -> [Told] {
        try await entries(action).map { entry in
            Told(
                actor: entry.actor.name, kind: entry.actor.kind, target: entry.target?.name, address: entry.address,
                before: entry.before ?? [:], after: entry.after ?? [:])
        }
    }

    /// Whether what is secret stands anywhere in the audit.
    func auditContains(_ secret: String) async throws -> Bool {
        try await accounts.database.read { "\(try $0.query("SELECT * FROM audit").map(\.values))".contains(secret) }
    }

    /// An administrator who is signed in from 192.0.2.7.
    func administrator() async throws -> Visitor {
        try await addUser("root@example.org", role: .admin)
        let admin = visitor(from: "192.0.2.7")
        #expect(try await admin.signIn("root@example.org").status == .ok)
        return admin
    }
}

/// Each thing that is done to an account, its ways in and its groups leaves one entry, and what changes nothing leaves none.
@Suite("What the audit tells of people")
struct AuditOfPeopleTests {
    struct Named: Decodable { let id: String }
    struct Link: Decodable { let link: String }

    private static let ann = "ann@example.org"

    private static func send(
        _ visitor: Visitor, _ method: Request.Method, _ path: String, _ json: String = ""
    ) async throws -> InProcessClient.Answer {
        var headers = visitor.csrf
        if json.isEmpty { return try await visitor.client.send(method, path, headers: headers) }
        headers[.contentType] = "application/json"
        return try await visitor.client.send(method, path, headers: headers, body: RequestBody(Array(json.utf8)))
    }

    @Test("One-time codes: set up, renewed, used, taken away, with what was given for it")
    func codes() async throws {
        let house = try await SignInHouse()
        try await house.addUser()
        let visitor = house.visitor(from: "192.0.2.7")
        let (authenticator, first) = try await visitor.enableCodes(house)
        let own = Told(actor: Self.ann, target: Self.ann)
        #expect(try await house.told(.codesSetUp) == [own])
        let answer = try await visitor.otp("recovery-codes", ["code": authenticator.nextCode()])
        let codes = try #require(try answer.decode(OTPAnswer.self).recoveryCodes)
        var renewed = own
        renewed.after = ["factor": .name("one_time_code")]
        #expect(try await house.told(.recoveryCodesRenewed) == [renewed])
        house.advance(by: 1)
        #expect(try await visitor.signIn(otp: codes[0]).status == .ok)
        #expect(try await visitor.signIn(otp: authenticator.nextCode()).status == .ok)
        let details = try await house.told(.signedIn).map(\.after)
        #expect(details.map { $0["factor"] } == [nil, .name("recovery_code"), .name("one_time_code")])
        #expect(details.allSatisfy { $0["method"] == .name("password") })
        #expect(try await visitor.otp("disable", ["code": "000000"]).status == .unprocessableContent)
        #expect(try await house.told(.codesRemoved).isEmpty)
        #expect(try await visitor.otp("disable", ["code": codes[1]]).status == .noContent)
        var removed = own
        removed.after = ["factor": .name("recovery_code")]
        #expect(try await house.told(.codesRemoved) == [removed])
        for code in first + codes { #expect(try await !house.auditContains(code)) }
        // The command line takes codes away from who has some.
        house.advance(by: 1)
        _ = try await visitor.enableCodes(house)
        for _ in 0..<2 {
            _ = try await house.accounts.administrators(
                email: Self.ann, password: "Tr0mbone-kelp", by: AuditOrigin(.command(by: "op")))
        }
        let last = Told(actor: "op", kind: .command, target: Self.ann, address: nil)
        #expect(try await house.told(.codesRemoved) == [removed, last])
    }

    @Test("Providers: an account that one made, a link and its end, a sign-in, a role by a claim")
    func providers() async throws {
        let outside = try await OutsideHouse {
            $0.registers = true
            $0.roleMapping = .init(claim: "groups", roles: ["maker": .creator])
        }
        let house = outside.house
        let maker = ["groups": #"["maker"]"#]
        try await outside.signIn(
            house.visitor(from: "192.0.2.7"), as: .person("subject-of-ann", Self.ann, maker))
        let provider = ["provider": AuditValue.name("house")]
        func own(_ name: String, before: [String: AuditValue] = [:], after: [String: AuditValue] = [:]) -> Told {
            Told(actor: name, target: name, before: before, after: after)
        }
        let oidc = provider.merging(["method": .name("oidc")]) { $1 }
        #expect(
            try await house.told(.userCreated) == [own(Self.ann, after: oidc.merging(["role": .role(.user)]) { $1 })])
        #expect(try await house.told(.signedIn) == [own(Self.ann, after: oidc)])
        let role = Told(
            actor: nil, kind: .system, target: Self.ann, before: ["role": .role(.user)],
            after: provider.merging(["role": .role(.creator)]) { $1 })
        #expect(try await house.told(.roleChanged) == [role])
        try await house.addUser("bob@example.org")
        let visitor = house.visitor(from: "192.0.2.7")
        _ = try await visitor.signIn("bob@example.org")
        for _ in 0..<2 {
            #expect(
                try await outside.link(visitor, .person("subject-of-bob", "b@example.net", maker)).location
                    == "/profile")
        }
        #expect(try await house.told(.identityLinked) == [own("bob@example.org", after: provider)])
        let listed = try await visitor.client.get("/api/v1/auth/identities").decode(LinkingTests.Identities.self)
        let id = try #require(listed.data.first?.id)
        #expect(try await Self.send(visitor, .delete, "/api/v1/auth/identities/\(id)").status == .noContent)
        #expect(try await house.told(.identityUnlinked) == [own("bob@example.org", before: provider)])
        #expect(try await !house.auditContains("subject-of"))
    }

    @Test("An account that nobody had verified and whose owner came by a provider or a proxy")
    func claimed() async throws {
        let proxy = ProxyUserRules(field: "X-Remote-User", proxies: ProxyUserTests.proxies, registers: true)
        let outside = try await OutsideHouse(proxyUsers: proxy) { $0.emailTrust = .always }
        let house = outside.house
        try await house.addUser()
        try await outside.signIn(house.visitor(from: "192.0.2.7"), as: .person("a", Self.ann))
        let none: [String: AuditValue] = [
            "has_password": .flag(false), "has_codes": .flag(false), "identities": .number(0),
        ]
        var expected = Told(
            actor: Self.ann, target: Self.ann, before: none.merging(["has_password": .flag(true)]) { $1 }, after: none)
        #expect(try await house.told(.userClaimed) == [expected])
        #expect(try await house.told(.identityLinked).map(\.after) == [["provider": .name("house")]])
        house.advance(by: 1)
        try await house.addUser("bob@example.org")
        func come(_ email: String) async throws {
            let visitor = house.visitor(from: "10.0.0.1")
            #expect(try await visitor.client.get("/api/v1/auth/me", headers: ["X-Remote-User": email]).status == .ok)
        }
        try await come("bob@example.org")
        (expected.actor, expected.target, expected.address) = ("bob@example.org", "bob@example.org", "10.0.0.1")
        #expect(try await house.told(.userClaimed).last == expected)
        for _ in 0..<2 { try await come("new@example.org") }
        let made = Told(
            actor: "new@example.org", target: "new@example.org", address: "10.0.0.1",
            after: ["role": .role(.user), "method": .name("proxy")])
        #expect(try await house.told(.userCreated) == [made])
    }

    @Test("Groups: made, renamed, filled and removed, one by one, with many people, and by an import")
    func groups() async throws {
        let house = try await SignInHouse()
        let admin = try await house.administrator()
        let user = try await house.addUser()
        let path = "/api/v1/admin/groups"
        let id = try await Self.send(admin, .post, path, #"{"name":"Old"}"#).decode(Named.self).id
        for _ in 0..<2 {
            #expect(try await Self.send(admin, .patch, "\(path)/\(id)", #"{"name":"Film club"}"#).status == .ok)
        }
        for method in [Request.Method.put, .put, .delete, .delete] {
            #expect(try await Self.send(admin, method, "\(path)/\(id)/members/\(user.id)").status == .noContent)
        }
        house.advance(by: 1)
        for change in ["add_group", "add_group", "remove_group", "remove_group", "add_group"] {
            let answer = try await Self.send(
                admin, .post, "/api/v1/admin/users/batch", #"{"ids":["\#(user.id)"],"\#(change)":"\#(id)"}"#)
            #expect(answer.status == .ok, "\(answer.text)")
            house.advance(by: 1)
        }
        let list = Array("email,groups\n\(Self.ann),Film club|Choir\n".utf8)
        for isDryRun in [true, false, false] {
            let outcome = try await house.accounts.importPeople(list, isDryRun: isDryRun, by: .system)
            #expect(outcome.updated == 1)
        }
        #expect(try await Self.send(admin, .delete, "\(path)/\(id)").status == .noContent)
        let server = Told(actor: nil, kind: .system, target: "Choir", address: nil)
        #expect(try await house.told(.groupCreated) == [Told(target: "Old"), server])
        let names = (before: ["name": AuditValue.name("Old")], after: ["name": AuditValue.name("Film club")])
        #expect(
            try await house.told(.groupChanged) == [Told(target: "Old", before: names.before, after: names.after)])
        let club = ["group": AuditValue.name("Film club")]
        let joined = Told(target: Self.ann, after: club)
        let imported = Told(
            actor: nil, kind: .system, target: Self.ann, address: nil, after: ["group": .name("Choir")])
        #expect(try await house.told(.memberAdded) == [joined, joined, joined, imported])
        let left = Told(target: Self.ann, before: club)
        #expect(try await house.told(.memberRemoved) == [left, left])
        #expect(
            try await house.told(.groupRemoved) == [Told(target: "Film club", before: ["members": .number(1)])])
    }

    @Test("Invitations: made, taken back, used; and how else somebody came to an account")
    func invitations() async throws {
        let house = try await SignInHouse.open(.invitation)
        let admin = try await house.administrator()
        let path = "/api/v1/admin/invitations"
        func invite(_ email: String) async throws -> InvitationTests.Invited {
            try await Self.send(
                admin, .post, path, #"{"email":"\#(email)","role":"creator","expires_in_days":7}"#
            ).decode(InvitationTests.Invited.self)
        }
        let end = AuditValue.time(house.now + 7 * 86_400)
        let (back, used) = (try await invite("bob@example.org"), try await invite(Self.ann))
        for status in [Response.Status.noContent, .notFound] {
            #expect(try await Self.send(admin, .delete, "\(path)/\(back.id)").status == status)
        }
        let details = ["role": AuditValue.role(.creator), "expires_at": end]
        let made = try await house.told(.invitationCreated)
        #expect(Set(made.map(\.target)) == ["bob@example.org", Self.ann] && made.count == 2)
        #expect(
            made.first { $0.target == Self.ann }
                == Told(target: Self.ann, after: details.merging(["was_mailed": .flag(true)]) { $1 }))
        #expect(try await house.told(.invitationRemoved) == [Told(target: "bob@example.org", before: details)])
        let answer = try await house.visitor(from: "192.0.2.7").register(Wish(invitation: used.token))
        #expect(answer.status == .created, "\(answer.text)")
        let come = Told(
            actor: Self.ann, target: Self.ann,
            after: ["role": .role(.creator), "method": .name("invitation"), "invitation": .name(used.id)])
        #expect(try await house.told(.userCreated) == [come])
        for token in [back.token, used.token] { #expect(try await !house.auditContains(token)) }
    }

    @Test("A registration: the link that an administrator takes, and the account")
    func registration() async throws {
        let house = try await SignInHouse.open(sendsMail: false)
        let admin = try await house.administrator()
        _ = try await house.visitor().register()
        let list = try await admin.client.get("/api/v1/admin/verifications").decode(RegistrationTests.Waiting.self)
        let path = "/api/v1/admin/verifications/\(try #require(list.data.first).id)/link"
        let link = try await Self.send(admin, .post, path).decode(Link.self).link
        let token = String(link.dropFirst("/verify#token=".count))
        let told = try await house.told(.registrationLinkIssued)
        #expect(told.count == 1 && told.first?.after.keys.sorted() == ["expires_at"])
        #expect(told.first == Told(target: Self.ann, after: told.first?.after ?? [:]))
        #expect(try await house.visitor(from: "192.0.2.7").verify(token).status == .ok)
        let come = Told(
            actor: Self.ann, target: Self.ann, after: ["role": .role(.user), "method": .name("registration")])
        #expect(try await house.told(.userCreated) == [come])
        #expect(try await !house.auditContains(token))
        #expect(try await Self.send(admin, .post, path).status == .notFound)
        #expect(try await house.told(.registrationLinkIssued).count == 1)
    }

    @Test("Links for a new password: made by an administrator, asked for, used")
    func resets() async throws {
        let house = try await SignInHouse.open(.closed)
        let admin = try await house.administrator()
        let user = try await house.addUser()
        let answer = try await Self.send(admin, .post, "/api/v1/admin/users/\(user.id)/reset")
        #expect(answer.status == .ok, "\(answer.text)")
        let issued = try await house.told(.resetLinkIssued)
        #expect(issued.count == 1 && issued.first?.after["was_mailed"] == .flag(true))
        #expect(issued.first == Told(target: Self.ann, after: issued.first?.after ?? [:]))
        let stranger = house.visitor(from: "192.0.2.7")
        for email in [Self.ann, Self.ann, "my-secret-password@x.org"] { _ = try await stranger.forget(email) }
        let asked = try await house.told(.resetLinkRequested)
        #expect(asked.map(\.target).contains(Self.ann) && asked.map(\.target).contains(nil) && asked.count == 2)
        #expect(asked.allSatisfy { $0.actor == nil && $0.address == "192.0.2.7" })
        #expect(asked.first { $0.target == Self.ann }?.after["count"] == .number(2))
        #expect(try await !house.auditContains("my-secret"))
        let token = try #require(try await house.mails().last?.token("/reset"))
        #expect(try await stranger.reset(token, "Another-Horse-8").status == .noContent)
        let changed = Told(actor: Self.ann, target: Self.ann, after: ["method": .name("reset_link")])
        #expect(try await house.told(.passwordChanged) == [changed])
        #expect(try await !house.auditContains(token))
    }

    @Test("Keys of access tokens: the first one, and each that takes the place of another")
    func keys() async throws {
        let house = try await SignInHouse(settings: TokenKeyringTests.settings(.edDSA))
        for _ in 0..<2 { try await house.accounts.tokenKeys.tend() }
        house.advance(by: 1)
        let name = try #require(
            try await house.accounts.tokenKeys.rotate(by: AuditOrigin(.command(by: "op"))))
        let told = try await house.entries(.keysRotated)
        try #require(told.count == 2)
        #expect(told[0].actor.kind == .system && told[0].before == nil && told[0].after?["key"] != nil)
        #expect(told[1].actor.kind == .command && told[1].actor.name == "op" && told[1].before == told[0].after)
        #expect(told[1].after == ["key": .name(name), "algorithm": .name(SignatureAlgorithm.edDSA.rawValue)])
        #expect(told[1].target == AuditEntry.Target(kind: .key, id: name, name: nil))
    }
}
