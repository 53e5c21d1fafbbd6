import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import Synchronization

@testable import OpenIDConnect

/// A provider in the process of the test, which does wrong what it is told to.
final class BadProvider: Sendable {
    /// One thing that it does wrong.
    enum Fault: String, CaseIterable, Sendable {
        case none
        // The Basic RP plan of the OpenID Foundation.
        case wrongIssuer, missingSubject, wrongAudience, missingIssuedAt, noKeyNameOneKey, noKeyNameManyKeys
        case unsigned, badSignature, otherSubjectInUserInfo, wrongNonce
        // Beyond it.
        case missingAudience, signedBySecret, signedByPublicKey, keysChanged, keysChangedWhileSigning, otherDiscovery
        case wrongParty, manyAudiencesWithoutParty, expired, fromTheFuture, fromLongAgo, notYetGood, wrongHash
        case missingNonce, emptySubject, endlessSubject, noIDToken, noAccessToken, otherTokenType, refuses, breaks
        case unknownExtension, otherKeyKind, endlessToken, plainEndpoint, tooManyKeys, weakKey, noJSON
    }

    struct Counts: Sendable {
        var discovery = 0
        var keys = 0
        var token = 0
        var userInfo = 0
        /// The form of the last token request, and its field `Authorization`.
        var form: [String: String] = [:]
        var authorization: String?
    }

    static let issuer = "https://id.example.org"
    static let start = Date(timeIntervalSince1970: 1_800_000_000)

    let counts = Mutex(Counts())
    let fault: Fault
    let now = Mutex(start)
    private let keys: [PrivateKey]
    /// Made once: each takes its time.
    private static let rsa = Result { [try PrivateKey(.rs256), try PrivateKey(.rs256)] }
    let nonce = Mutex("")
    private let changes = Mutex(0)

    init(_ fault: Fault = .none, _ algorithm: SignatureAlgorithm = .rs256) throws {
        self.fault = fault
        keys = try algorithm == .rs256 ? Self.rsa.get() : [PrivateKey(algorithm), PrivateKey(algorithm)]
    }

    /// From now on another key signs.
    func changeKey() { changes.withLock { $0 += 1 } }

    private var signing: PrivateKey { keys[changes.withLock { $0 } % 2] }

    func client(_ change: (inout ProviderDescription) -> Void = { _ in }) -> OpenIDProvider {
        var description = ProviderDescription(
            name: "house", label: "House", issuer: Self.issuer, clientID: "palco", clientSecret: "s e/c:ret")
        change(&description)
        return OpenIDProvider(
            description, transport: ProviderTransport { [self] in try answer($0) },
            now: { [self] in now.withLock { $0 } })
    }

    private func answer(_ request: ClientRequest) throws -> ProviderTransport.Answer {
        func json(_ text: String, _ status: Int = 200) -> ProviderTransport.Answer {
            ProviderTransport.Answer(status: status, body: Array(text.utf8))
        }
        switch request.url.dropFirst(Self.issuer.count) {
        case "/.well-known/openid-configuration":
            counts.withLock { $0.discovery += 1 }
            let named = fault == .otherDiscovery ? "https://evil.example.org" : Self.issuer
            let keys = fault == .plainEndpoint ? "http://id.example.org/keys" : Self.issuer + "/keys"
            return json(
                """
                {"issuer":"\(named)","authorization_endpoint":"\(Self.issuer)/go?from=here",
                "token_endpoint":"\(Self.issuer)/token","userinfo_endpoint":"\(Self.issuer)/me","jwks_uri":"\(keys)",
                "end_session_endpoint":"\(Self.issuer)/out"}
                """)
        case "/keys":
            counts.withLock { $0.keys += 1 }
            return json(fault == .noJSON ? "<html>" : try published())
        case "/token":
            counts.withLock { counts in
                counts.token += 1
                counts.authorization = request.headers[.authorization]
                if case .bytes(let bytes) = request.body {
                    let form = QueryParameters(parsing: String(decoding: bytes, as: UTF8.self))
                    counts.form = Dictionary(form.pairs.map { ($0.name, $0.value) }) { first, _ in first }
                }
            }
            if fault == .refuses { return json(#"{"error":"invalid_grant","error_description":"<script>"}"#, 400) }
            if fault == .breaks { return json("oh", 500) }
            if fault == .keysChangedWhileSigning { changeKey() }
            let token = try idToken()
            if fault == .keysChanged { changeKey() }
            let access = fault == .noAccessToken ? "" : "the-access-token"
            let type = fault == .otherTokenType ? "mac" : "Bearer"
            let identity = fault == .noIDToken ? "" : #","id_token":"\#(token)""#
            return json(#"{"access_token":"\#(access)","token_type":"\#(type)"\#(identity)}"#)
        case "/me":
            counts.withLock { $0.userInfo += 1 }
            let subject = fault == .otherSubjectInUserInfo ? "somebody-else" : "ann-1"
            return json(
                #"{"sub":"\#(subject)","email":"ann@example.org","email_verified":"true","name":"Ann","groups":["a"]}"#)
        default: return json("{}", 404)
        }
    }

    private func published() throws -> String {
        if fault == .weakKey {
            let modulus = Base64.url.encode([0x80] + [UInt8](repeating: 0xA5, count: 127))
            return #"{"keys":[{"kty":"RSA","kid":"\#(kid)","e":"AQAB","n":"\#(modulus)"}]}"#
        }
        var all = [WebKey(signing.publicKey, algorithm: signing.algorithm)]
        if fault == .noKeyNameManyKeys { all = keys.map { WebKey($0.publicKey, algorithm: $0.algorithm) } }
        if fault == .tooManyKeys { all = Array(repeating: all[0], count: 101) }
        return String(decoding: try JSONEncoder().encode(WebKeySet(all)), as: UTF8.self)
    }

    private var kid: String { WebKey(signing.publicKey, algorithm: signing.algorithm).kid ?? "" }

    func claims() -> [String: String] {
        let time = Int64(now.withLock { $0 }.timeIntervalSince1970)
        let digest = signing.algorithm.hash(Array("the-access-token".utf8))
        var claims = [
            "iss": #""\#(Self.issuer)""#, "sub": #""ann-1""#, "aud": #""palco""#, "exp": "\(time + 300)",
            "iat": "\(time)",
            "nonce": #""\#(nonce.withLock { $0 })""#, "sid": #""s-1""#,
            "at_hash": #""\#(Base64.url.encode(digest.prefix(digest.count / 2)))""#,
        ]
        switch fault {
        case .wrongIssuer: claims["iss"] = #""https://evil.example.org""#
        case .missingSubject: claims["sub"] = nil
        case .emptySubject: claims["sub"] = #""""#
        case .endlessSubject: claims["sub"] = "\"\(String(repeating: "a", count: 256))\""
        case .wrongAudience: claims["aud"] = #""somebody""#
        case .missingAudience: claims["aud"] = nil
        case .missingIssuedAt: claims["iat"] = nil
        case .wrongNonce: claims["nonce"] = #""another""#
        case .missingNonce: claims["nonce"] = nil
        case .wrongParty: claims["azp"] = #""somebody""#
        case .manyAudiencesWithoutParty: claims["aud"] = #"["palco","somebody"]"#
        case .expired: claims["exp"] = "\(time - 61)"
        case .fromTheFuture: claims["iat"] = "\(time + 120)"
        case .fromLongAgo: claims["iat"] = "\(time - 7_200)"
        case .notYetGood: claims["nbf"] = "\(time + 120)"
        case .wrongHash: claims["at_hash"] = #""AAAAAAAAAAAAAAAAAAAAAA""#
        case .endlessToken: claims["more"] = "\"\(String(repeating: "a", count: 20_000))\""
        default: break
        }
        return claims
    }

    func idToken() throws -> String { try token(claims()) }

    func token(_ claims: [String: String]) throws -> String {
        let payload = "{" + claims.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}"
        var head = #"{"alg":"\#(signing.algorithm.rawValue)","kid":"\#(kid)"}"#
        switch fault {
        case .noKeyNameOneKey, .noKeyNameManyKeys: head = #"{"alg":"\#(signing.algorithm.rawValue)"}"#
        case .unsigned: head = #"{"alg":"none"}"#
        case .signedBySecret, .signedByPublicKey: head = #"{"alg":"HS256","kid":"\#(kid)"}"#
        case .unknownExtension: head = #"{"alg":"RS256","kid":"\#(kid)","crit":["b64"],"b64":false}"#
        case .otherKeyKind: head = #"{"alg":"ES256","kid":"\#(kid)"}"#
        default: break
        }
        let signed = "\(Base64.url.encode(head.utf8)).\(Base64.url.encode(payload.utf8))"
        var signature: [UInt8]
        switch (fault, signing.publicKey.material) {
        case (.unsigned, _): signature = []
        case (.signedBySecret, _):
            signature = HMACSHA256(key: Array("s e/c:ret".utf8)).authenticationCode(for: Array(signed.utf8))
        case (.signedByPublicKey, .rsa(let modulus, _)):
            signature = HMACSHA256(key: modulus).authenticationCode(for: Array(signed.utf8))
        default: signature = try signing.signature(of: Array(signed.utf8))
        }
        if fault == .badSignature { signature[signature.count / 2] ^= 1 }
        return "\(signed).\(Base64.url.encode(signature))"
    }

    /// Begins, and comes back with a code.
    func signIn(
        _ client: OpenIDProvider, _ answer: AuthorizationAnswer = AuthorizationAnswer(code: "the-code")
    ) async throws -> OutsidePerson {
        let attempt = AuthorizationAttempt()
        nonce.withLock { $0 = attempt.nonce }
        _ = try await client.authorizationURL(for: attempt, redirectURI: "https://palco.example.org/back")
        return try await client.person(from: answer, to: attempt, redirectURI: "https://palco.example.org/back")
    }
}
