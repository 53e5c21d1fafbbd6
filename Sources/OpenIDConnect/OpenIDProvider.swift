import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP

/// Signs people in at one provider, by the authorization code flow with PKCE (OpenID Connect Core 3.1, RFC 7636, RFC 9700).
///
/// - Rule: nothing of a provider is believed before the ID token is checked: userinfo is not asked for with what came beside a token
///   that is not good.
public final class OpenIDProvider: Sendable {
    public let description: ProviderDescription
    private let knowledge: ProviderKnowledge
    private let transport: ProviderTransport
    private let now: @Sendable () -> Date

    public init(
        _ description: ProviderDescription, transport: ProviderTransport, now: @escaping @Sendable () -> Date
    ) {
        self.description = description
        self.transport = transport
        self.now = now
        knowledge = ProviderKnowledge(description, transport, now: now)
    }

    /// Where the browser goes.
    ///
    /// - Throws: `OpenIDError` where the provider cannot be asked who it is.
    public func authorizationURL(for attempt: AuthorizationAttempt, redirectURI: String) async throws -> String {
        let metadata = try await knowledge.metadata()
        var fields = [
            ("response_type", "code"), ("client_id", description.clientID), ("redirect_uri", redirectURI),
            ("scope", description.scopes.joined(separator: " ")), ("state", attempt.state),
            ("code_challenge", attempt.challenge), ("code_challenge_method", "S256"),
        ]
        if description.dialect == .openIDConnect { fields.append(("nonce", attempt.nonce)) }
        if let domain = description.hostedDomain { fields.append(("hd", domain)) }
        return Self.adding(fields, to: metadata.authorization)
    }

    /// Redeems the code and says who came.
    ///
    /// - Parameter redirectURI: the same as in `authorizationURL`.
    public func person(
        from answer: AuthorizationAnswer, to attempt: AuthorizationAttempt, redirectURI: String
    ) async throws -> OutsidePerson {
        let metadata = try await knowledge.metadata()
        try checkSender(of: answer, metadata)
        guard answer.error == nil else { throw OpenIDError(.refused, "the provider answers with an error") }
        guard let code = answer.code, !code.isEmpty, code.utf8.count <= AuthorizationAnswer.maximumLength else {
            throw OpenIDError(.malformed, "the answer has no code")
        }
        let tokens = try await redeem(code, answer.deviceID, attempt, redirectURI, metadata)
        switch description.dialect {
        case .openIDConnect: return try await person(tokens, attempt, metadata)
        case .vkID: return try await vkPerson(tokens, metadata)
        case .yandex: return try await yandexPerson(tokens, metadata)
        }
    }

    /// - Throws: `OpenIDError` for a token that is not good.
    public func logoutToken(_ text: String) async throws -> LogoutToken {
        let metadata = try await knowledge.metadata()
        let token = try SignedToken(text)
        _ = try await verify(token)
        return try LogoutToken(token.claims, by: check(metadata))
    }

    /// Where the browser goes to be signed out there too (OpenID Connect RP-Initiated Logout 2); nil where the provider has no such
    /// place.
    public func endSessionURL(idToken: String?, returningTo address: String) async throws -> String? {
        guard let endpoint = try await knowledge.metadata().endSession else { return nil }
        var fields = [("client_id", description.clientID), ("post_logout_redirect_uri", address)]
        if let idToken { fields.append(("id_token_hint", idToken)) }
        return Self.adding(fields, to: endpoint)
    }

    // MARK: Tokens

    private struct TokenAnswer: Decodable {
        let access_token: String?
        let token_type: String?
        let id_token: String?
        let error: String?
        /// Of VK ID.
        let state: String?
    }

    private struct Tokens {
        var access: String
        var identity: String?
    }

    /// Mix-up attacks end here (RFC 9700 4.4): an answer that names another issuer is not for this provider.
    private func checkSender(of answer: AuthorizationAnswer, _ metadata: ProviderMetadata) throws {
        guard let issuer = answer.issuer else {
            if metadata.namesItself { throw OpenIDError(.answerIssuer) }
            return
        }
        // With tenants the answer names one of them, and the ID token is held against it.
        let hasTenants = metadata.issuer.contains("{tenantid}")
        guard hasTenants || issuer == metadata.issuer || description.issuerAliases.contains(issuer) else {
            throw OpenIDError(.answerIssuer)
        }
    }

    private func redeem(
        _ code: String, _ deviceID: String?, _ attempt: AuthorizationAttempt, _ redirectURI: String,
        _ metadata: ProviderMetadata
    ) async throws -> Tokens {
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("code_verifier", attempt.verifier),
        ]
        var headers = HeaderFields()
        switch try authentication(metadata) {
        case .basic:
            let id = PercentEncoding.encode(description.clientID)
            let secret = PercentEncoding.encode(description.clientSecret ?? "")
            headers[.authorization] = "Basic " + Base64.standard.encode("\(id):\(secret)".utf8)
        case .post:
            fields += [("client_id", description.clientID), ("client_secret", description.clientSecret ?? "")]
        case .none: fields.append(("client_id", description.clientID))
        }
        if description.dialect == .vkID {
            guard let deviceID, deviceID.utf8.count <= AuthorizationAnswer.maximumLength else {
                throw OpenIDError(.malformed, "the answer has no device id")
            }
            fields += [("device_id", deviceID), ("state", attempt.state)]
        }
        let answer = try await transport.post(fields, to: metadata.token, headers)
        guard answer.status < 500 else { throw OpenIDError(.status, "the token endpoint answers \(answer.status)") }
        guard let read = try? JSONDecoder().decode(TokenAnswer.self, from: Data(answer.body)) else {
            throw OpenIDError(.malformed, "the token endpoint answers something else")
        }
        guard answer.status == 200, read.error == nil else {
            throw OpenIDError(.refused, "the token endpoint refuses the code or the client")
        }
        guard let access = read.access_token, Self.isTokenText(access),
            read.token_type == nil || read.token_type?.lowercased() == "bearer"
        else { throw OpenIDError(.missingToken) }
        if let state = read.state, !constantTimeEqual(state, attempt.state) {
            throw OpenIDError(.malformed, "the state")
        }
        return Tokens(access: access, identity: read.id_token)
    }

    private func authentication(
        _ metadata: ProviderMetadata
    ) throws(OpenIDError) -> ProviderDescription.ClientAuthentication {
        if let chosen = description.authentication { return chosen }
        guard description.clientSecret != nil else { return .none }
        if description.dialect == .vkID { return .none }
        guard let known = metadata.authentications else { return .basic }
        let usable: [ProviderDescription.ClientAuthentication] = [.basic, .post]
        guard let first = usable.first(where: { known.contains($0.rawValue) }) else {
            throw OpenIDError(.endpoint, "the token endpoint takes no client secret")
        }
        return first
    }

    /// Bytes that may stand in a header field (RFC 6750 2.1).
    private static func isTokenText(_ text: String) -> Bool {
        (1...8_192).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private func person(
        _ tokens: Tokens, _ attempt: AuthorizationAttempt, _ metadata: ProviderMetadata
    ) async throws -> OutsidePerson {
        guard let text = tokens.identity else { throw OpenIDError(.missingToken) }
        let token = try SignedToken(text)
        let algorithm = try await verify(token)
        let (issuer, subject) = try check(metadata).check(
            token.claims, algorithm: algorithm, nonce: attempt.nonce, accessToken: tokens.access)
        var userInfo: Claims = [:]
        if let url = metadata.userInfo {
            let answer = try await transport.get(url, ["Authorization": "Bearer \(tokens.access)"])
            guard let claims = try? JSONDecoder().decode(Claims.self, from: Data(answer.body)) else {
                throw OpenIDError(.malformed, "userinfo has another shape")
            }
            // OpenID Connect Core 5.3.2.
            guard claims["sub"]?.text == subject else { throw OpenIDError(.userInfoSubject) }
            userInfo = claims
        }
        var person = OutsidePerson(issuer: issuer, subject: subject, identity: token.claims, userInfo: userInfo)
        person.idToken = text
        return person
    }

    private func check(_ metadata: ProviderMetadata) -> IDTokenCheck {
        IDTokenCheck(provider: description, issuer: metadata.issuer, now: Int64(now().timeIntervalSince1970))
    }

    private func verify(_ token: SignedToken) async throws -> SignatureAlgorithm {
        do {
            return try token.verify(description.algorithms, try await knowledge.keys())
        } catch let error as OpenIDError where error.reason == .unknownKey {
            // The provider may have changed its keys since they were read.
            guard let keys = try await knowledge.keysAgain() else { throw error }
            return try token.verify(description.algorithms, keys)
        }
    }

    // MARK: Providers without ID tokens

    private func vkPerson(_ tokens: Tokens, _ metadata: ProviderMetadata) async throws -> OutsidePerson {
        struct Answer: Decodable {
            struct Person: Decodable {
                let user_id: String
                let first_name: String?
                let last_name: String?
                let email: String?
            }
            let user: Person
        }
        guard let url = metadata.userInfo else { throw OpenIDError(.endpoint) }
        let answer = try await transport.post(
            [("client_id", description.clientID), ("access_token", tokens.access)], to: url)
        guard answer.status == 200, let read = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)) else {
            throw OpenIDError(.malformed, "user_info has another shape")
        }
        var person = OutsidePerson(
            issuer: metadata.issuer, subject: try IDTokenCheck.subject(["sub": .text(read.user.user_id)]))
        // VK ID does not say whether it has checked the address.
        person.email = read.user.email
        person.name = Self.joined([read.user.first_name, read.user.last_name])
        return person
    }

    private func yandexPerson(_ tokens: Tokens, _ metadata: ProviderMetadata) async throws -> OutsidePerson {
        guard let url = metadata.userInfo else { throw OpenIDError(.endpoint) }
        let answer = try await transport.get(url + "?format=json", ["Authorization": "OAuth \(tokens.access)"])
        guard let claims = try? JSONDecoder().decode(Claims.self, from: Data(answer.body)) else {
            throw OpenIDError(.malformed, "info has another shape")
        }
        var person = OutsidePerson(
            issuer: metadata.issuer, subject: try IDTokenCheck.subject(["sub": claims["id"] ?? .null]))
        // The address may be of another house, and nothing says that it was checked.
        person.email = claims["default_email"]?.text
        person.name = claims["real_name"]?.text ?? claims["display_name"]?.text
        person.claims = claims
        return person
    }

    private static func joined(_ names: [String?]) -> String? {
        let words = names.compactMap { $0 }.filter { !$0.isEmpty }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private static func adding(_ fields: [(String, String)], to url: String) -> String {
        url + (url.contains("?") ? "&" : "?") + FormText.encode(fields)
    }
}
