import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import Synchronization
import Testing

@testable import OpenIDConnect

@Suite("Providers with ways of their own")
struct DialectTests {
    /// Answers by the end of the address, and keeps what was asked.
    final class Scripted: Sendable {
        let asked = Mutex<[(url: String, form: String, authorization: String?)]>([])
        let answers: [String: String]

        init(_ answers: [String: String]) { self.answers = answers }

        func client(_ description: ProviderDescription) -> OpenIDProvider {
            OpenIDProvider(
                description,
                transport: ProviderTransport { [self] request in
                    var form = ""
                    if case .bytes(let bytes) = request.body { form = String(decoding: bytes, as: UTF8.self) }
                    asked.withLock { [form] in $0.append((request.url, form, request.headers[.authorization])) }
                    let found = answers.first { request.url.hasPrefix($0.key) }
                    return ProviderTransport.Answer(
                        status: found == nil ? 404 : 200, body: Array((found?.value ?? "{}").utf8))
                }, now: { BadProvider.start })
        }
    }

    static let attempt = AuthorizationAttempt(state: "the-state", nonce: "n", verifier: "the-verifier")

    @Test("VK ID: the device id goes from the answer into the exchange, and its addresses are not verified")
    func vk() async throws {
        var description = ProviderDescription(name: "vk", label: "VK ID", issuer: "https://id.vk.com", clientID: "7")
        description.dialect = .vkID
        description.scopes = ["vkid.personal_info", "email"]
        let script = Scripted([
            "https://id.vk.com/oauth2/auth":
                #"{"access_token":"t","token_type":"Bearer","id_token":"not.looked.at","state":"the-state","user_id":5}"#,
            "https://id.vk.com/oauth2/user_info":
                #"{"user":{"user_id":"1234567890","first_name":"Anna","last_name":"Ivanova","email":"anna@example.org"}}"#,
        ])
        let client = script.client(description)
        let url = try await client.authorizationURL(for: Self.attempt, redirectURI: "https://p.example.org/back")
        #expect(url.hasPrefix("https://id.vk.com/authorize?") && url.contains("code_challenge_method=S256"))
        #expect(!url.contains("nonce="))
        let answer = AuthorizationAnswer(code: "c", deviceID: "the-device")
        let person = try await client.person(from: answer, to: Self.attempt, redirectURI: "https://p.example.org/back")
        #expect(person.issuer == "https://id.vk.com" && person.subject == "1234567890" && person.name == "Anna Ivanova")
        #expect(person.email == "anna@example.org" && !person.isEmailVerified && person.idToken == nil)
        let forms = script.asked.withLock { $0.map(\.form) }
        #expect(forms[0].contains("device_id=the-device") && forms[0].contains("code_verifier=the-verifier"))
        #expect(forms[0].contains("state=the-state") && forms[1] == "client_id=7&access_token=t")
        // Without a device id, and with the state of another attempt, there is no sign-in.
        await #expect(throws: OpenIDError.self) {
            try await client.person(from: AuthorizationAnswer(code: "c"), to: Self.attempt, redirectURI: "x")
        }
        let other = AuthorizationAttempt(state: "another", nonce: "n", verifier: "v")
        await #expect(throws: OpenIDError.self) { try await client.person(from: answer, to: other, redirectURI: "x") }
    }

    @Test("Yandex: people are known by their id, and their addresses are not verified")
    func yandex() async throws {
        var description = ProviderDescription(
            name: "yandex", label: "Yandex", issuer: "https://oauth.yandex.ru", clientID: "y", clientSecret: "s")
        description.dialect = .yandex
        let script = Scripted([
            "https://oauth.yandex.ru/token": #"{"access_token":"t","token_type":"bearer"}"#,
            "https://login.yandex.ru/info":
                #"{"id":"77","default_email":"a@yandex.ru","real_name":"Ann","email_verified":true}"#,
        ])
        let person = try await script.client(description).person(
            from: AuthorizationAnswer(code: "c"), to: Self.attempt, redirectURI: "https://p.example.org/back")
        #expect(
            person.subject == "77" && person.email == "a@yandex.ru" && !person.isEmailVerified && person.name == "Ann")
        let asked = script.asked.withLock { $0 }
        #expect(asked[1].url == "https://login.yandex.ru/info?format=json" && asked[1].authorization == "OAuth t")
    }

    static func check(
        _ issuer: String, _ metadata: String, _ claims: Claims, _ change: (inout ProviderDescription) -> Void
    ) throws -> String {
        var description = ProviderDescription(name: "x", label: "X", issuer: issuer, clientID: "palco")
        change(&description)
        return try IDTokenCheck(provider: description, issuer: metadata, now: 0).checkedIssuer(claims)
    }

    @Test("Google: both names of the issuer are one, and no third")
    func google() throws {
        let own = "https://accounts.google.com"
        for name in [own, "accounts.google.com"] {
            let found = try Self.check(own, own, ["iss": .text(name)]) { $0.issuerAliases = ["accounts.google.com"] }
            #expect(found == own)
        }
        #expect(throws: OpenIDError.self) {
            try Self.check(own, own, ["iss": .text("http://accounts.google.com")]) {
                $0.issuerAliases = ["accounts.google.com"]
            }
        }
    }

    @Test("Microsoft: the tenant of the token is part of its issuer")
    func microsoft() throws {
        let base = "https://login.microsoftonline.com"
        let common = "\(base)/common/v2.0"
        let template = "\(base)/{tenantid}/v2.0"
        let document = Array(
            #"{"issuer":"\#(template)","authorization_endpoint":"\#(base)/a","token_endpoint":"\#(base)/t","jwks_uri":"\#(base)/k"}"#
                .utf8)
        var description = ProviderDescription(name: "m", label: "M", issuer: common, clientID: "palco")
        #expect(throws: OpenIDError.self) { try ProviderMetadata(document, of: description) }
        description.hasTenants = true
        #expect(try ProviderMetadata(document, of: description).issuer == template)
        func issuer(_ claims: Claims) throws -> String {
            try Self.check(common, template, claims) { $0.hasTenants = true }
        }
        #expect(
            try issuer(["iss": .text("\(base)/9188040d/v2.0"), "tid": .text("9188040d")]) == "\(base)/9188040d/v2.0")
        for bad: Claims in [
            ["iss": .text("\(base)/9188040d/v2.0"), "tid": .text("other")], ["iss": .text("\(base)/9188040d/v2.0")],
            ["iss": .text(template), "tid": .text("{tenantid}")], ["iss": .text(common), "tid": .text("9188040d")],
            ["iss": .text("\(base)/a/b/v2.0"), "tid": .text("a/b")],
        ] {
            #expect(throws: OpenIDError.self) { try issuer(bad) }
        }
    }

    @Test("What is nested deeper than anybody needs is not read")
    func depth() throws {
        let deep = String(repeating: #"{"a":"#, count: 100) + "1" + String(repeating: "}", count: 100)
        let claims = try JSONDecoder().decode(
            Claims.self, from: Data(#"{"x":\#(deep),"r":{"roles":["a",1,"b"]}}"#.utf8))
        #expect(claims.value(at: "r.roles")?.texts == ["a", "b"])
        #expect(claims.value(at: "r.none") == nil && claims.value(at: "none.roles") == nil)
        let depths = (1...100).filter { claims.value(at: "x" + String(repeating: ".a", count: $0)) != nil }
        #expect((4...8).contains(depths.count), "\(depths.count)")
    }
}
