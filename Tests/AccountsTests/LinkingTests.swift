import FoundationEssentials
import HTTP
import OpenIDConnect
import SQL
import Testing
import Web

@testable import Accounts

@Suite("Linking accounts and identities")
struct LinkingTests {
    static let ann = HouseProvider.Told.person("ann-1", "ann@example.org")
    static let unverified = HouseProvider.Told.person("ann-1", "ann@example.org", isVerified: false)
    static let notLinked = "/sign-in?problem=not_linked"

    struct Identities: Decodable {
        struct One: Decodable {
            var id: String
            var provider: String
            var label: String
            var email: String?
        }
        var data: [One]
    }

    func identities(_ visitor: Visitor) async throws -> [Identities.One] {
        try await visitor.client.get("/api/v1/auth/identities").decode(Identities.self).data
    }

    @Test("An account that exists is linked by itself only where provider and operator both vouch for the address")
    func automatic() async throws {
        for (told, trust, isLinked) in [
            (Self.ann, OutsideRules.EmailTrust.always, true), (Self.ann, .domains(["example.org"]), true),
            (Self.ann, .domains(["example.net"]), false), (Self.ann, .never, false), (Self.unverified, .always, false),
            (Self.ann.merging(["email_verified": #""yes""#]) { $1 }, .always, false),
        ] {
            let outside = try await OutsideHouse {
                $0.emailTrust = trust
                $0.registers = true
            }
            try await outside.house.addUser()
            try await outside.verify("ann@example.org")
            let visitor = outside.house.visitor()
            let answer = try await outside.signIn(visitor, as: told)
            #expect(answer.location == (isLinked ? "/" : Self.notLinked), "\(told) \(trust)")
            // The password stays where the address was the owner's before.
            #expect(try await outside.house.visitor().signIn().status == .ok)
        }
    }

    @Test("Whoever is signed in links, is listed, and signs in by it; unlinking ends what came by it")
    func linking() async throws {
        let outside = try await OutsideHouse()
        let user = try await outside.house.addUser()
        let owner = outside.house.visitor()
        _ = try await owner.signIn()
        #expect(try await outside.link(owner, Self.unverified).location == "/profile")
        let linked = try #require(try await identities(owner).first)
        #expect(linked.provider == "house" && linked.label == "The house" && linked.email == "ann@example.org")
        let elsewhere = outside.house.visitor()
        #expect(try await outside.signIn(elsewhere, as: Self.unverified).location == "/")
        #expect(try await outside.me(elsewhere)?.id == user.id.description)
        let answer = try await owner.client.send(.delete, "/api/v1/auth/identities/\(linked.id)", headers: owner.csrf)
        #expect(answer.status == .noContent)
        #expect(try await outside.me(elsewhere) == nil)
        #expect(try await outside.me(owner) != nil)
        #expect(try await outside.signIn(elsewhere, as: Self.unverified).location == Self.notLinked)
        let again = try await owner.client.send(.delete, "/api/v1/auth/identities/\(linked.id)", headers: owner.csrf)
        #expect(try again.status == .notFound && again.refusal.code == "identity_not_found")
    }

    @Test("The last way in stays, and others' identities do not exist")
    func lastWayIn() async throws {
        let outside = try await OutsideHouse { $0.registers = true }
        let visitor = outside.house.visitor()
        try await outside.signIn(visitor, as: Self.ann)
        let only = try #require(try await identities(visitor).first)
        let refused = try await visitor.client.send(
            .delete, "/api/v1/auth/identities/\(only.id)", headers: visitor.csrf)
        #expect(try refused.status == .conflict && refused.refusal.code == "last_way_in")
        try await outside.house.addUser("bob@example.org")
        let bob = outside.house.visitor()
        _ = try await bob.signIn("bob@example.org")
        let others = try await bob.client.send(.delete, "/api/v1/auth/identities/\(only.id)", headers: bob.csrf)
        #expect(others.status == .notFound)
        try await outside.link(visitor, .person("ann-2", nil))
        let freed = try await visitor.client.send(.delete, "/api/v1/auth/identities/\(only.id)", headers: visitor.csrf)
        #expect(freed.status == .noContent)
    }

    @Test("Linking takes a sign-in of the last minutes, from a page of this server, and the same person to the end")
    func linkingRules() async throws {
        let outside = try await OutsideHouse()
        try await outside.house.addUser()
        let owner = outside.house.visitor()
        let path = OutsideHouse.path("house") + "?link=1"
        let own: HeaderFields = ["Sec-Fetch-Site": "same-origin"]
        // Nobody.
        #expect(try await owner.client.get(path, headers: own).location == "/sign-in?problem=sign_in_again")
        _ = try await owner.signIn()
        // From another site's page, or one that does not say.
        for headers: HeaderFields in [
            ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Sec-Fetch-Site": "none"], [:],
            ["Host": "palco.test", "Referer": "http://palco.test.evil.org/"],
            ["Host": "palco.test", "Referer": "http://evil.org/"],
        ] {
            #expect(try await owner.client.get(path, headers: headers).status == .forbidden, "\(headers)")
        }
        let byReferer: HeaderFields = ["Host": "palco.test", "Referer": "http://palco.test/profile"]
        #expect(
            try await owner.client.get(path, headers: byReferer).location?.hasPrefix(outside.provider.issuer) == true)
        // Somebody else has the browser when the answer comes.
        let sent = try await owner.client.get(path, headers: own)
        let (code, state) = outside.provider.code(for: Self.ann, at: sent.headers[.location] ?? "")
        _ = try await owner.signIn()
        #expect(try await outside.back(owner, code, state).location == "/?problem=sign_in_expired")
        #expect(try await identities(owner).isEmpty)
        // Long ago.
        outside.house.advance(by: 15 * 60)
        #expect(
            try await owner.client.get(path + "&next=/profile", headers: own).location
                == "/profile?problem=sign_in_again")
    }

    @Test("An identity is one account's: another's owner cannot take it")
    func taken() async throws {
        let outside = try await OutsideHouse { $0.registers = true }
        try await outside.signIn(outside.house.visitor(), as: Self.ann)
        try await outside.house.addUser("bob@example.org")
        let bob = outside.house.visitor()
        _ = try await bob.signIn("bob@example.org")
        #expect(try await outside.link(bob, Self.ann).location == "/profile?problem=identity_taken")
        #expect(try await identities(bob).isEmpty)
    }
}

/// The five classes of "Pre-hijacked accounts" (Sudhodanan and Paverd, 2022): an attacker knows the victim's address before the
/// victim has an account, prepares, and waits. After the victim has come, nothing that the attacker prepared opens anything.
@Suite("Accounts that an attacker made first")
struct PreHijackingByProviderTests {
    static let victim = "ann@example.org"
    static let told = HouseProvider.Told.person("victim", victim)

    /// Trusted about addresses, and lets people register, so that the victim always gets in.
    func house() async throws -> OutsideHouse {
        try await OutsideHouse {
            $0.emailTrust = .always
            $0.registers = true
        }
    }

    func isVictimIn(_ outside: OutsideHouse) async throws -> Bool {
        let victim = outside.house.visitor()
        try await outside.signIn(victim, as: Self.told)
        return try await outside.me(victim)?.email == Self.victim
    }

    @Test("Classic-federated merge: the attacker's password is gone when the victim comes by a provider")
    func classicFederatedMerge() async throws {
        let outside = try await house()
        try await outside.house.addUser(Self.victim, role: .user)
        #expect(try await isVictimIn(outside))
        #expect(try await outside.house.visitor().signIn(Self.victim).status == .unauthorized)
    }

    @Test("What waits for the address in mails, and the attacker's former passwords, go when the victim comes")
    func openLinks() async throws {
        let outside = try await house()
        let user = try await outside.house.addUser(Self.victim, role: .user)
        let moment = outside.house.now
        let hash = try #require(user.passwordHash)
        try await outside.house.accounts.database.write { transaction in
            try PasswordResetStore().insert(
                hash: [1], of: user.id, wasMailed: true, at: moment, until: moment + 60, in: transaction)
            try FormerPasswords(count: 5).keep(hash, of: user.id, at: moment, in: transaction)
            try transaction.execute(
                """
                INSERT INTO registrations (id, token_hash, email, name, password_hash, was_mailed, attempts, created_at, \
                expires_at) VALUES ('1', $1, $2, 'Eve', 'x', 1, 0, 0, $3)
                """, [2] as [UInt8], user.email, moment + 60)
        }
        #expect(try await isVictimIn(outside))
        for table in ["password_resets", "former_passwords", "registrations"] {
            #expect(try await outside.house.rowCount(of: table) == 0, "\(table)")
        }
    }

    @Test("Unexpired session: the attacker's sign-ins, refresh tokens included, are over when the victim comes")
    func unexpiredSession() async throws {
        let outside = try await house()
        try await outside.house.addUser(Self.victim, role: .user)
        let attacker = outside.house.visitor()
        let tokens = try await attacker.signIn(Self.victim).tokens
        #expect(try await outside.me(attacker) != nil)
        let database = outside.house.accounts.database
        _ = try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO api_tokens (id, user_id, token_hash, name, scopes, created_at, expires_at) \
                SELECT 'kept', id, $1, 'Kept', 'read', 0, $2 FROM users
                """, [1, 2, 3] as [UInt8], outside.house.now + 1_000)
        }
        #expect(try await isVictimIn(outside))
        let kept = try await database.read { try $0.query("SELECT id FROM api_tokens").count }
        #expect(kept == 0)
        #expect(try await outside.me(attacker) == nil)
        let bearer = try await attacker.client.get("/api/v1/auth/me", headers: attacker.bearer(tokens.accessToken))
        #expect(bearer.status == .unauthorized)
        #expect(try await attacker.refresh(tokens.refreshToken).status == .unauthorized)
    }

    @Test("Trojan identifier: an identity that the attacker linked opens nothing when the victim has come")
    func trojanIdentifier() async throws {
        let outside = try await house()
        try await outside.house.addUser(Self.victim, role: .user)
        let attacker = outside.house.visitor()
        _ = try await attacker.signIn(Self.victim)
        let trojan = HouseProvider.Told.person("attacker", "attacker@example.net")
        #expect(try await outside.link(attacker, trojan).location == "/profile")
        #expect(try await isVictimIn(outside))
        let later = outside.house.visitor()
        try await outside.signIn(later, as: trojan)
        #expect(try await outside.me(later)?.email != Self.victim)
        // Codes that the attacker set up do not keep the victim out either.
        let again = try await house()
        try await again.house.addUser(Self.victim, role: .user)
        try await again.house.accounts.database.write { _ = try $0.execute("UPDATE users SET is_otp_enabled = 1") }
        #expect(try await isVictimIn(again))
    }

    @Test("Unexpired e-mail change: an address is no key, so whoever had it before opens nothing by it")
    func unexpiredEmailChange() async throws {
        let outside = try await house()
        // The attacker's own account of the provider says the victim's address, not verified yet, then verified of another.
        let pending = HouseProvider.Told.person("attacker", Self.victim, isVerified: false)
        let attacker = outside.house.visitor()
        #expect(try await outside.signIn(attacker, as: pending).location == "/")
        #expect(try await isVictimIn(outside))
        #expect(try await outside.me(attacker) == nil)
        let later = outside.house.visitor()
        #expect(try await outside.signIn(later, as: pending).location == "/sign-in?problem=not_linked")
        #expect(try await outside.me(later) == nil)
    }

    @Test("Non-verifying provider: an unverified address opens no account of its owner, before or after")
    func nonVerifyingProvider() async throws {
        let outside = try await house()
        #expect(try await isVictimIn(outside))
        let attacker = outside.house.visitor()
        let told = HouseProvider.Told.person("attacker", Self.victim, isVerified: false)
        #expect(try await outside.signIn(attacker, as: told).location == "/sign-in?problem=not_linked")
        // A provider that the operator does not believe says "verified" in vain.
        let other = try await outside.signIn(attacker, as: .person("attacker", Self.victim), at: outside.other)
        #expect(other.location == "/sign-in?problem=not_linked")
        #expect(try await outside.me(attacker) == nil)
    }
}
