/// Why a provider's word was not taken. `reason` is for the log and for tests; people are told the kind only, for what a provider
/// says may have been written by anybody.
public struct OpenIDError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// It cannot be reached, or has a fault of its own.
        case unavailable
        /// It says no: the person declined, or the client is not registered there as it is here.
        case refused
        /// What it says must not be believed.
        case invalid
    }

    public enum Reason: String, Sendable {
        case unreachable, status
        /// The provider, or the person at the provider, said no.
        case refused
        case malformed
        /// The discovery document is of another issuer than was asked for (OpenID Connect Discovery 4.3).
        case discoveryIssuer = "discovery_issuer"
        /// An address that cannot be used, or none where one is needed.
        case endpoint
        /// The answer came from another issuer than was asked (RFC 9207 2.4).
        case answerIssuer = "answer_issuer"
        case missingToken = "missing_token"
        case algorithm
        case unknownKey = "unknown_key"
        /// No key is named, and several would do.
        case ambiguousKey = "ambiguous_key"
        case signature
        case issuer
        case audience
        case authorizedParty = "authorized_party"
        case subject
        case expired
        case issuedAt = "issued_at"
        case notBefore = "not_before"
        case nonce
        case accessTokenHash = "access_token_hash"
        case hostedDomain = "hosted_domain"
        case userInfoSubject = "userinfo_subject"
        /// A logout token without its event, its name, or anybody whom it is about.
        case logoutEvent = "logout_event"
    }

    public let reason: Reason
    /// In our own words; never what the provider wrote.
    public let detail: String

    init(_ reason: Reason, _ detail: String = "") {
        self.reason = reason
        self.detail = detail
    }

    public var kind: Kind {
        switch reason {
        case .unreachable, .status: .unavailable
        case .refused: .refused
        default: .invalid
        }
    }

    public var description: String { detail.isEmpty ? reason.rawValue : "\(reason.rawValue): \(detail)" }
}
