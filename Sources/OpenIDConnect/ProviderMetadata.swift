import FoundationEssentials

/// What a provider says of itself (OpenID Connect Discovery 3, RFC 8414 2), as far as it is used here.
struct ProviderMetadata: Sendable {
    /// In every ID token. `{tenantid}` stands in it for the tenant of a token where the provider has many.
    let issuer: String
    let authorization: String
    let token: String
    let userInfo: String?
    let keys: String?
    let endSession: String?
    let authentications: [String]?
    /// The provider names itself in each answer (RFC 9207 3).
    let namesItself: Bool

    private struct Document: Decodable {
        let issuer: String
        let authorization_endpoint: String
        let token_endpoint: String
        let userinfo_endpoint: String?
        let jwks_uri: String
        let end_session_endpoint: String?
        let token_endpoint_auth_methods_supported: [String]?
        let authorization_response_iss_parameter_supported: Bool?
    }

    /// - Throws: `OpenIDError` with `discoveryIssuer`, `endpoint` or `malformed`.
    init(_ document: [UInt8], of provider: ProviderDescription) throws(OpenIDError) {
        guard let read = try? JSONDecoder().decode(Document.self, from: Data(document)) else {
            throw OpenIDError(.malformed, "the discovery document has another shape")
        }
        guard Self.isIssuer(read.issuer, of: provider) else { throw OpenIDError(.discoveryIssuer) }
        issuer = read.issuer
        authorization = try Self.checked(read.authorization_endpoint, provider)
        token = try Self.checked(read.token_endpoint, provider)
        userInfo = try read.userinfo_endpoint.map { url throws(OpenIDError) in try Self.checked(url, provider) }
        keys = try Self.checked(read.jwks_uri, provider)
        endSession = try read.end_session_endpoint.map { url throws(OpenIDError) in try Self.checked(url, provider) }
        authentications = read.token_endpoint_auth_methods_supported
        namesItself = read.authorization_response_iss_parameter_supported ?? false
    }

    /// What is known of the providers that have no discovery.
    init(fixedOf provider: ProviderDescription) {
        issuer = provider.issuer
        (keys, endSession, authentications, namesItself) = (nil, nil, nil, false)
        let base = provider.issuer
        if provider.dialect == .vkID {
            authorization = base + "/authorize"
            token = base + "/oauth2/auth"
            userInfo = base + "/oauth2/user_info"
        } else {
            authorization = base + "/authorize"
            token = base + "/token"
            userInfo = base == "https://oauth.yandex.ru" ? "https://login.yandex.ru/info" : base + "/info"
        }
    }

    /// Exactly what was asked for; with tenants the place of the tenant may stand in it.
    private static func isIssuer(_ issuer: String, of provider: ProviderDescription) -> Bool {
        if issuer == provider.issuer { return true }
        guard provider.hasTenants, let tenant = provider.issuer.split(separator: "/").dropFirst(2).first else {
            return false
        }
        return provider.issuer.replacing("/\(tenant)/", with: "/{tenantid}/") == issuer
    }

    private static func checked(_ url: String, _ provider: ProviderDescription) throws(OpenIDError) -> String {
        let isAllowed = url.hasPrefix("https://") || (provider.isPlain && url.hasPrefix("http://"))
        let isPlain = url.utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        guard isAllowed, isPlain, url.utf8.count <= 2_048, !url.contains("#") else {
            throw OpenIDError(.endpoint, "an endpoint is no address with https")
        }
        return url
    }
}
