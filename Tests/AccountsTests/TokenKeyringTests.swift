import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import SQL
import Security
import Synchronization
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("Keys of access tokens")
struct TokenKeyringTests {
    static func settings(_ algorithm: SignatureAlgorithm?) -> AccountsSettings {
        var settings = AccountsSettings()
        settings.tokenAlgorithm = algorithm
        return settings
    }

    func published(_ visitor: Visitor) async throws -> [WebKey] {
        let answer = try await visitor.client.get("/.well-known/jwks.json")
        #expect(answer.status == .ok && answer.headers[.cacheControl] == "public, max-age=300")
        return try answer.decode(WebKeySet.self).keys
    }

    func head(_ token: String) -> String {
        String(decoding: Base64.url.decode(token.split(separator: ".")[0]) ?? [], as: UTF8.self)
    }

    func isGood(_ token: String, _ visitor: Visitor) async throws -> Bool {
        try await visitor.client.get("/api/v1/auth/me", headers: visitor.bearer(token)).status == .ok
    }

    @Test("By default the secret signs, and there is nothing to publish")
    func secret() async throws {
        let house = try await SignInHouse()
        try await house.addUser()
        try await house.accounts.tokenKeys.tend()
        let visitor = house.visitor()
        #expect(try await published(visitor).isEmpty)
        #expect(head(try await visitor.signIn().tokens.accessToken) == #"{"alg":"HS256","typ":"JWT"}"#)
        #expect(try await house.accounts.tokenKeys.rotate(by: .system) == nil)
    }

    @Test(
        "A pair is published, others verify by it, and nothing secret is among it or readable in the database",
        arguments: [SignatureAlgorithm.rs256, .edDSA])
    func pair(algorithm: SignatureAlgorithm) async throws {
        let house = try await SignInHouse(settings: Self.settings(algorithm))
        try await house.addUser()
        try await house.accounts.tokenKeys.tend()
        let visitor = house.visitor()
        let token = try await visitor.signIn().tokens.accessToken
        #expect(try await isGood(token, visitor))
        let key = try #require(try await published(visitor).first)
        #expect(head(token).contains("\"kid\":\"\(key.kid ?? "?")\"") && key.alg == algorithm.rawValue)
        let parts = token.split(separator: ".")
        let signature = try #require(Base64.url.decode(parts[2]))
        #expect(
            try #require(key.publicKey).isValid(signature, for: Array("\(parts[0]).\(parts[1])".utf8), by: algorithm))
        let text = try await visitor.client.get("/.well-known/jwks.json").text
        for member in ["\"d\"", "\"p\"", "\"q\"", "\"k\""] { #expect(!text.contains(member)) }
        let sealed = try await house.accounts.database.read {
            try $0.query("SELECT sealed FROM token_keys").map { try $0.value("sealed", as: [UInt8].self) }
        }
        #expect(sealed.count == 1 && (try? PrivateKey(der: sealed[0])) == nil)
    }

    @Test("A new key signs at once, the old one's tokens are good to their end, and then it is gone")
    func rotation() async throws {
        let house = try await SignInHouse(settings: Self.settings(.edDSA))
        try await house.addUser()
        let keys = house.accounts.tokenKeys
        try await keys.tend()
        let visitor = house.visitor()
        let old = try await visitor.signIn().tokens
        let name = try #require(try await keys.rotate(by: .system))
        let new = try await visitor.signIn().tokens
        #expect(head(new.accessToken).contains(name) && !head(old.accessToken).contains(name))
        #expect(try await isGood(new.accessToken, visitor))
        let other = house.visitor()
        #expect(try await published(other).map(\.kid).first == name)
        #expect(try await published(other).count == 2)
        house.advance(by: 15 * 60 + 600)
        try await keys.tend()
        #expect(try await published(other).map(\.kid) == [name])
        #expect(try await other.refresh(new.refreshToken).status == .ok)
    }

    @Test("An old key gives way by itself, once, and not before its time")
    func age() async throws {
        var settings = Self.settings(.edDSA)
        settings.tokenKeyAge = 1_000
        let house = try await SignInHouse(settings: settings)
        let keys = house.accounts.tokenKeys
        try await keys.tend()
        let visitor = house.visitor()
        let first = try await published(visitor).first?.kid
        house.advance(by: 999)
        try await keys.tend()
        #expect(try await published(visitor).map(\.kid) == [first])
        house.advance(by: 1)
        for _ in 0..<3 { try await keys.tend() }
        let both = try await published(visitor).map(\.kid)
        #expect(both.count == 2 && both.last == first)
    }

    @Test(
        "Several servers sign with the same key and take each other's tokens, also of a key that they have not heard of"
    )
    func several() async throws {
        let location = try TestDatabase.kept(
            at: FileManager.default.temporaryDirectory.path + "/keys-\(Random.token(byteCount: 9)).sqlite")
        let secret = SigningSecret.ephemeral()
        let first = try await SignInHouse(settings: Self.settings(.edDSA), database: location) { $0.secret = secret }
        let second = try await SignInHouse(settings: Self.settings(.edDSA), database: location) { $0.secret = secret }
        try await first.addUser()
        try await first.accounts.tokenKeys.tend()
        try await second.accounts.tokenKeys.tend()
        let visitor = second.visitor()
        let published = try await published(visitor).map(\.kid)
        #expect(published.count == 1)
        let token = try await first.visitor().signIn().tokens.accessToken
        #expect(try await isGood(token, visitor))
        _ = try await first.accounts.tokenKeys.rotate(by: .system)
        let unheard = try await first.visitor().signIn().tokens.accessToken
        second.advance(by: 5)
        #expect(try await isGood(unheard, visitor))
        await first.accounts.database.close()
        await second.accounts.database.close()
    }

    @Test("A name of a key that nobody has makes a server look no more than now and then")
    func unknownNames() async throws {
        let house = try await SignInHouse(settings: Self.settings(.edDSA))
        let keys = house.accounts.tokenKeys
        try await keys.tend()
        #expect(try await !keys.keysMayBeNew())
        house.advance(by: 5)
        #expect(try await keys.keysMayBeNew())
        #expect(try await !keys.keysMayBeNew())
    }

    @Test("A server without a setting goes on to take what others signed, and retires their key")
    func back() async throws {
        let location = try TestDatabase.kept(
            at: FileManager.default.temporaryDirectory.path + "/keys-\(Random.token(byteCount: 9)).sqlite")
        let secret = SigningSecret.ephemeral()
        let before = try await SignInHouse(settings: Self.settings(.rs256), database: location) { $0.secret = secret }
        try await before.addUser()
        try await before.accounts.tokenKeys.tend()
        let token = try await before.visitor().signIn().tokens.accessToken
        let after = try await SignInHouse(database: location) { $0.secret = secret }
        try await after.accounts.tokenKeys.tend()
        #expect(try await isGood(token, after.visitor()))
        #expect(head(try await after.visitor().signIn().tokens.accessToken).contains("HS256"))
        await before.accounts.database.close()
        await after.accounts.database.close()
    }
}
