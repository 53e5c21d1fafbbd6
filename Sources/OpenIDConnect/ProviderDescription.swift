import Cryptography

/// One provider of identities, as the operator describes it.
public struct ProviderDescription: Sendable {
    /// What a provider speaks. The ones that are not OpenID Connect have no ID tokens that say who somebody is.
    public enum Dialect: String, Sendable {
        case openIDConnect
        /// OAuth 2.1 with a device id that goes from the answer into the exchange.
        case vkID
        case yandex
    }

    /// How the client shows who it is at the token endpoint (OpenID Connect Core 9).
    public enum ClientAuthentication: String, Sendable, CaseIterable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
        case none
    }

    /// In addresses: small letters, digits, hyphens.
    public var name: String
    /// For people.
    public var label: String
    public var dialect = Dialect.openIDConnect
    /// Without a slash at the end, unless the provider has one there.
    public var issuer: String
    public var clientID: String
    public var clientSecret: String?
    /// Nil goes by what the provider says that it knows.
    public var authentication: ClientAuthentication?
    public var scopes = ["openid", "email", "profile"]
    /// What ID tokens may be signed by.
    public var algorithms = SignatureAlgorithm.allCases
    /// Other names under which tokens call the same issuer.
    public var issuerAliases: [String] = []
    /// The issuer that is named by discovery has a place for the tenant of each token, as Microsoft's for many tenants has.
    public var hasTenants = false
    /// The claim `hd` must say this; nil for any.
    public var hostedDomain: String?

    public init(name: String, label: String, issuer: String, clientID: String, clientSecret: String? = nil) {
        self.name = name
        self.label = label
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
    }

    /// Whether addresses without TLS are used: only where the provider itself has none.
    var isPlain: Bool { issuer.hasPrefix("http://") }
}
