import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import Testing

@testable import OpenIDConnect

@Suite("Sign-in at a provider")
struct OpenIDTests {
    typealias Fault = BadProvider.Fault

    @Test(
        "Who comes is known by issuer and subject, with what ID token and userinfo say",
        arguments: [SignatureAlgorithm.rs256, .edDSA])
    func good(algorithm: SignatureAlgorithm) async throws {
        let provider = try BadProvider(.none, algorithm)
        let person = try await provider.signIn(provider.client())
        #expect(person.issuer == BadProvider.issuer && person.subject == "ann-1" && person.sessionID == "s-1")
        #expect(person.email == "ann@example.org" && person.isEmailVerified && person.name == "Ann")
        #expect(person.claims.value(at: "groups")?.texts == ["a"])
        #expect(provider.counts.withLock { [$0.discovery, $0.keys, $0.token, $0.userInfo] } == [1, 1, 1, 1])
    }

    /// What must not sign in, and why not.
    static let refusals: [(Fault, OpenIDError.Reason)] = [
        (.wrongIssuer, .issuer), (.missingSubject, .subject), (.wrongAudience, .audience),
        (.missingIssuedAt, .issuedAt),
        (.noKeyNameManyKeys, .ambiguousKey), (.unsigned, .algorithm), (.badSignature, .signature),
        (.otherSubjectInUserInfo, .userInfoSubject), (.wrongNonce, .nonce), (.missingAudience, .audience),
        (.signedBySecret, .algorithm), (.signedByPublicKey, .algorithm), (.otherDiscovery, .discoveryIssuer),
        (.wrongParty, .authorizedParty), (.manyAudiencesWithoutParty, .authorizedParty), (.expired, .expired),
        (.fromTheFuture, .issuedAt), (.fromLongAgo, .issuedAt), (.notYetGood, .notBefore),
        (.wrongHash, .accessTokenHash),
        (.missingNonce, .nonce), (.emptySubject, .subject), (.endlessSubject, .subject), (.noIDToken, .missingToken),
        (.noAccessToken, .missingToken), (.otherTokenType, .missingToken), (.refuses, .refused), (.breaks, .status),
        (.unknownExtension, .malformed), (.otherKeyKind, .unknownKey), (.endlessToken, .malformed),
        (.plainEndpoint, .endpoint), (.tooManyKeys, .malformed), (.weakKey, .unknownKey), (.noJSON, .malformed),
    ]

    @Test("What must not be believed is refused for its own reason, and userinfo is not asked for", arguments: refusals)
    func refused(fault: Fault, reason: OpenIDError.Reason) async throws {
        let provider = try BadProvider(fault)
        let error = await #expect(throws: OpenIDError.self) { try await provider.signIn(provider.client()) }
        #expect(error?.reason == reason)
        #expect(provider.counts.withLock { $0.userInfo } == (fault == .otherSubjectInUserInfo ? 1 : 0))
        #expect(error?.description.contains("script") == false)
    }

    @Test("What is not wrong signs in", arguments: [Fault.noKeyNameOneKey, .keysChanged, .keysChangedWhileSigning])
    func accepted(fault: Fault) async throws {
        let provider = try BadProvider(fault)
        let client = provider.client()
        if fault != .noKeyNameOneKey { _ = try? await provider.signIn(client) }
        provider.now.withLock { $0 += 60 }
        #expect(try await provider.signIn(client).subject == "ann-1")
    }

    @Test("Every fault has a place in these tables")
    func complete() {
        let listed = Self.refusals.map(\.0) + [.none, .noKeyNameOneKey, .keysChanged, .keysChangedWhileSigning]
        #expect(Set(listed) == Set(Fault.allCases))
    }

    @Test("Keys are read again for a name that is not known, and not endlessly")
    func keys() async throws {
        let provider = try BadProvider()
        let client = provider.client()
        _ = try await provider.signIn(client)
        provider.changeKey()
        // The first unknown name is looked for at once.
        #expect(try await provider.signIn(client).subject == "ann-1")
        #expect(provider.counts.withLock { $0.keys } == 2)
        provider.changeKey()
        for _ in 0..<5 { await #expect(throws: OpenIDError.self) { try await provider.signIn(client) } }
        #expect(provider.counts.withLock { $0.keys } == 2)
        provider.now.withLock { $0 += 10 }
        #expect(try await provider.signIn(client).subject == "ann-1")
        #expect(provider.counts.withLock { [$0.discovery, $0.keys] } == [1, 3])
        provider.now.withLock { $0 += 3_600 }
        _ = try await provider.signIn(client)
        #expect(provider.counts.withLock { [$0.discovery, $0.keys] } == [2, 4])
    }

    @Test("The browser is sent with state, nonce and the hash of the verifier; the code is redeemed with the verifier")
    func request() async throws {
        let provider = try BadProvider()
        let client = provider.client()
        let attempt = AuthorizationAttempt()
        let url = try await client.authorizationURL(for: attempt, redirectURI: "https://palco.example.org/a b")
        #expect(url.hasPrefix(BadProvider.issuer + "/go?from=here&"))
        let query = QueryParameters(parsing: url[url.index(after: url.firstIndex(of: "?") ?? url.startIndex)...])
        let expected = [
            "from": "here", "response_type": "code", "client_id": "palco",
            "redirect_uri": "https://palco.example.org/a b",
            "scope": "openid email profile", "state": attempt.state, "nonce": attempt.nonce,
            "code_challenge": Base64.url.encode(SHA256.hash(attempt.verifier)), "code_challenge_method": "S256",
        ]
        #expect(Dictionary(query.pairs.map { ($0.name, $0.value) }) { first, _ in first } == expected)
        #expect(Set([attempt.state, attempt.nonce, attempt.verifier]).count == 3)
        #expect([attempt.state, attempt.nonce, attempt.verifier].allSatisfy { $0.utf8.count >= 43 })
        _ = try await provider.signIn(client)
        let (form, authorization) = provider.counts.withLock { ($0.form, $0.authorization) }
        #expect(form.keys.sorted() == ["code", "code_verifier", "grant_type", "redirect_uri"])
        #expect(form["code"] == "the-code" && form["grant_type"] == "authorization_code")
        // RFC 6749 2.3.1: encoded before they are joined.
        #expect(authorization == "Basic " + Base64.standard.encode("palco:s%20e%2Fc%3Aret".utf8))
    }

    @Test("The client shows who it is as it is set, or as the provider takes it")
    func authentication() async throws {
        let provider = try BadProvider()
        _ = try await provider.signIn(provider.client { $0.authentication = .post })
        var (form, authorization) = provider.counts.withLock { ($0.form, $0.authorization) }
        #expect(form["client_secret"] == "s e/c:ret" && form["client_id"] == "palco" && authorization == nil)
        _ = try await provider.signIn(provider.client { $0.clientSecret = nil })
        (form, authorization) = provider.counts.withLock { ($0.form, $0.authorization) }
        #expect(form["client_secret"] == nil && form["client_id"] == "palco" && authorization == nil)
    }

    @Test("An answer that names another issuer, or says no, is not gone on with")
    func answers() async throws {
        let provider = try BadProvider()
        for (answer, reason) in [
            (AuthorizationAnswer(code: "c", issuer: "https://evil.example.org"), OpenIDError.Reason.answerIssuer),
            (AuthorizationAnswer(error: "access_denied"), .refused), (AuthorizationAnswer(code: nil), .malformed),
            (AuthorizationAnswer(code: String(repeating: "a", count: 3_000)), .malformed),
        ] {
            let error = await #expect(throws: OpenIDError.self) {
                try await provider.signIn(provider.client(), answer)
            }
            #expect(error?.reason == reason)
        }
        #expect(provider.counts.withLock { $0.token } == 0)
        _ = try await provider.signIn(provider.client(), AuthorizationAnswer(code: "c", issuer: BadProvider.issuer))
    }

    @Test("Only what is set signs ID tokens")
    func algorithms() async throws {
        let provider = try BadProvider()
        let error = await #expect(throws: OpenIDError.self) {
            try await provider.signIn(provider.client { $0.algorithms = [.es256, .edDSA] })
        }
        #expect(error?.reason == .algorithm)
    }

    @Test("A domain that is set must be in the token")
    func hostedDomain() async throws {
        let provider = try BadProvider()
        let error = await #expect(throws: OpenIDError.self) {
            try await provider.signIn(provider.client { $0.hostedDomain = "example.org" })
        }
        #expect(error?.reason == .hostedDomain)
    }

    @Test("An address and what is said about it come from one source")
    func address() {
        func person(_ identity: Claims, _ userInfo: Claims) -> OutsidePerson {
            OutsidePerson(issuer: "i", subject: "s", identity: identity, userInfo: userInfo)
        }
        let victim: Claims = ["email": .text("victim@example.org")]
        let own: Claims = ["email": .text("own@example.org"), "email_verified": .bool(true)]
        #expect(person(victim, own).email == "own@example.org" && person(victim, own).isEmailVerified)
        #expect(person(own, victim).email == "own@example.org")
        #expect(!person(victim, ["email_verified": .bool(true)]).isEmailVerified)
        #expect(person([:], ["email": .text("a@b"), "email_verified": .text("true")]).isEmailVerified)
        #expect(!person([:], ["email": .text("a@b"), "email_verified": .number(1)]).isEmailVerified)
        #expect(!person([:], ["email": .text("a@b")]).isEmailVerified)
    }
}

@Suite("The end of a sign-in at the provider")
struct LogoutTokenTests {
    static let event = #"{"http://schemas.openid.net/event/backchannel-logout":{}}"#

    static func claims(
        _ provider: BadProvider, _ change: (inout [String: String]) -> Void = { _ in }
    ) -> [String: String] {
        var claims = provider.claims()
        claims["nonce"] = nil
        claims["at_hash"] = nil
        claims["events"] = event
        claims["jti"] = #""one""#
        change(&claims)
        return claims
    }

    @Test("A logout token names somebody, or one sign-in of theirs")
    func good() async throws {
        let provider = try BadProvider()
        let client = provider.client()
        let token = try await client.logoutToken(try provider.token(Self.claims(provider)))
        #expect(
            token.issuer == BadProvider.issuer && token.subject == "ann-1" && token.sessionID == "s-1"
                && token.id == "one")
        let bySession = try await client.logoutToken(try provider.token(Self.claims(provider) { $0["sub"] = nil }))
        #expect(bySession.subject == nil && bySession.sessionID == "s-1")
    }

    @Test(
        "What is no logout token is refused: an ID token above all",
        arguments: [
            ("nonce", #""n""#), ("events", nil), ("events", "{}"),
            ("events", #"{"http://schemas.openid.net/event/backchannel-logout":1}"#),
            ("jti", nil), ("jti", #""""#), ("aud", #""somebody""#), ("iss", #""https://evil.example.org""#),
            ("exp", "1"),
            ("exp", nil), ("iat", nil), ("iat", "1799999000"), ("iat", "1800000900"),
        ] as [(String, String?)])
    func bad(claim: String, value: String?) async throws {
        let provider = try BadProvider()
        let token = try provider.token(Self.claims(provider) { $0[claim] = value })
        await #expect(throws: OpenIDError.self) { try await provider.client().logoutToken(token) }
    }

    @Test("Nobody named, nobody signed out; an ID token is none; so is a token that is not signed")
    func nobody() async throws {
        let provider = try BadProvider()
        let client = provider.client()
        let unnamed = try provider.token(Self.claims(provider) { ($0["sub"], $0["sid"]) = (nil, nil) })
        await #expect(throws: OpenIDError.self) { try await client.logoutToken(unnamed) }
        await #expect(throws: OpenIDError.self) { try await client.logoutToken(try provider.idToken()) }
        for fault in [BadProvider.Fault.unsigned, .badSignature, .signedBySecret] {
            let bad = try BadProvider(fault)
            let token = try bad.token(Self.claims(bad))
            await #expect(throws: OpenIDError.self) { try await bad.client().logoutToken(token) }
        }
    }

    @Test("The browser is sent to the end of the session with what it takes")
    func endOfSession() async throws {
        let provider = try BadProvider()
        let url = try await provider.client().endSessionURL(
            idToken: "a.b.c", returningTo: "https://palco.example.org/sign-in")
        #expect(
            url == BadProvider.issuer
                + "/out?client_id=palco&post_logout_redirect_uri=https%3A%2F%2Fpalco.example.org%2Fsign-in&id_token_hint=a.b.c"
        )
    }
}
