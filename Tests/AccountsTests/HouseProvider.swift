import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import OpenIDConnect
import Synchronization
import Web

@testable import Accounts

/// A provider in the process of the test: whoever has a code is who the test says.
final class HouseProvider: Sendable {
    /// What the ID token says beside what every one does.
    typealias Told = [String: String]

    let name: String
    let issuer: String
    let now: @Sendable () -> Date
    private let key: PrivateKey
    private let state = Mutex(State())

    private struct State {
        var answers: [String: (nonce: String, told: Told)] = [:]
        var isDown = false
        var redeemed: [String] = []
    }

    init(name: String = "house", now: @escaping @Sendable () -> Date) throws {
        self.name = name
        issuer = "https://\(name).example.org"
        self.now = now
        key = try PrivateKey(.edDSA)
    }

    func isDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    /// The codes that were redeemed, in order.
    var redeemed: [String] { state.withLock { $0.redeemed } }

    func provider(_ rules: OutsideRules = OutsideRules()) -> OutsideProvider {
        let description = ProviderDescription(
            name: name, label: "The \(name)", issuer: issuer, clientID: "palco", clientSecret: "secret")
        let transport = ProviderTransport { [self] in try answer($0) }
        return OutsideProvider(OpenIDProvider(description, transport: transport, now: now), rules)
    }

    /// A code for a person, for the attempt that a browser was sent with.
    func code(for told: Told, at location: String) -> (code: String, state: String) {
        let query = QueryParameters(parsing: location.split(separator: "?", maxSplits: 1).last ?? "")
        let code = Random.token(byteCount: 8)
        state.withLock { $0.answers[code] = (query["nonce"] ?? "", told) }
        return (code, query["state"] ?? "")
    }

    func logoutToken(_ told: Told, id: String = Random.token(byteCount: 8)) throws -> String {
        try token(
            told.merging([
                "jti": "\"\(id)\"", "events": #"{"http://schemas.openid.net/event/backchannel-logout":{}}"#,
            ]) { first, _ in first })
    }

    private func token(_ told: Told) throws -> String {
        let time = Int64(now().timeIntervalSince1970)
        let common = ["iss": "\"\(issuer)\"", "aud": #""palco""#, "iat": "\(time)", "exp": "\(time + 120)"]
        let claims = common.merging(told) { _, own in own }
        let payload = "{" + claims.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        let signed = "\(Base64.url.encode(#"{"alg":"EdDSA"}"#.utf8)).\(Base64.url.encode(payload.utf8))"
        return "\(signed).\(Base64.url.encode(try key.signature(of: Array(signed.utf8))))"
    }

    private func answer(_ request: ClientRequest) throws -> ProviderTransport.Answer {
        func json(_ text: String, _ status: Int = 200) -> ProviderTransport.Answer {
            ProviderTransport.Answer(status: status, body: Array(text.utf8))
        }
        if state.withLock({ $0.isDown }) { return json("", 503) }
        switch request.url.dropFirst(issuer.count) {
        case "/.well-known/openid-configuration":
            return json(
                """
                {"issuer":"\(issuer)","authorization_endpoint":"\(issuer)/go","token_endpoint":"\(issuer)/token",
                "jwks_uri":"\(issuer)/keys","end_session_endpoint":"\(issuer)/out"}
                """)
        case "/keys":
            let keys = WebKeySet([WebKey(key.publicKey, algorithm: .edDSA)])
            return json(String(decoding: try JSONEncoder().encode(keys), as: UTF8.self))
        case "/token":
            guard case .bytes(let bytes) = request.body else { return json("{}", 400) }
            let code = QueryParameters(parsing: String(decoding: bytes, as: UTF8.self))["code"] ?? ""
            let found = state.withLock { state in
                state.redeemed.append(code)
                return state.answers.removeValue(forKey: code)
            }
            guard let found else { return json(#"{"error":"invalid_grant"}"#, 400) }
            let identity = try token(found.told.merging(["nonce": "\"\(found.nonce)\""]) { own, _ in own })
            return json(#"{"access_token":"t","token_type":"Bearer","id_token":"\#(identity)"}"#)
        default: return json("{}", 404)
        }
    }
}

extension HouseProvider.Told {
    /// Somebody with an address that the provider says it has checked, or not.
    static func person(_ subject: String, _ email: String?, isVerified: Bool = true, _ more: Self = [:]) -> Self {
        var told: Self = ["sub": "\"\(subject)\""]
        if let email { told["email"] = "\"\(email)\"" }
        told["email_verified"] = isVerified ? "true" : "false"
        return told.merging(more) { _, own in own }
    }
}

/// People and providers, with a clock that stands still until told.
struct OutsideHouse {
    let house: SignInHouse
    let provider: HouseProvider
    let other: HouseProvider

    /// - Parameter change: what the operator lets the first provider's people do.
    init(
        isSecureOnly: Bool = false, proxyUsers: ProxyUserRules? = nil, _ change: (inout OutsideRules) -> Void = { _ in }
    ) async throws {
        let clock = SignInHouse.Clock()
        provider = try HouseProvider { clock.now }
        other = try HouseProvider(name: "other") { clock.now }
        var rules = OutsideRules()
        change(&rules)
        let all = [provider.provider(rules), other.provider()]
        house = try await SignInHouse(isSecureOnly: isSecureOnly, clock: clock) { foundation in
            foundation.providers = OutsideProviders(all)
            foundation.proxyUsers = proxyUsers
        }
    }

    static func path(_ name: String) -> String { "/api/v1/auth/oidc/\(name)" }

    /// To the provider, with a code of this person, and back.
    @discardableResult
    func signIn(
        _ visitor: Visitor, as told: HouseProvider.Told, next: String? = nil, at provider: HouseProvider? = nil
    ) async throws -> InProcessClient.Answer {
        let provider = provider ?? self.provider
        let query = next.map { "?next=\(PercentEncoding.encode($0))" } ?? ""
        let sent = try await visitor.client.get(Self.path(provider.name) + query)
        let (code, state) = provider.code(for: told, at: sent.headers[.location] ?? "")
        return try await back(visitor, code, state, to: provider.name)
    }

    func back(
        _ visitor: Visitor, _ code: String, _ state: String, to name: String = "house"
    ) async throws -> InProcessClient.Answer {
        try await visitor.client.get(Self.path(name) + "/callback?code=\(code)&state=\(state)")
    }

    /// Links this person to the account of who is signed in.
    @discardableResult
    func link(_ visitor: Visitor, _ told: HouseProvider.Told) async throws -> InProcessClient.Answer {
        let sent = try await visitor.client.get(
            Self.path("house") + "?link=1&next=/profile", headers: ["Sec-Fetch-Site": "same-origin"])
        guard let location = sent.headers[.location], location.hasPrefix(provider.issuer) else { return sent }
        let (code, state) = provider.code(for: told, at: location)
        return try await back(visitor, code, state)
    }

    func verify(_ email: String) async throws {
        let moment = house.now
        try await house.accounts.database.write {
            _ = try $0.execute("UPDATE users SET email_verified_at = $2 WHERE email = $1", email, moment)
        }
    }

    struct Me: Decodable {
        var id: String
        var email: String
        var role: String
        var name: String
    }

    /// Nil for who is not signed in.
    func me(_ visitor: Visitor) async throws -> Me? {
        let answer = try await visitor.client.get("/api/v1/auth/me")
        return answer.status == .ok ? try answer.decode(Me.self) : nil
    }
}

extension InProcessClient.Answer {
    /// Where a browser goes on.
    var location: String? { status == .found ? headers[.location] : nil }
}
