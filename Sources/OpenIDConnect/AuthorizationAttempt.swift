import BaseEncoding
import Cryptography

/// The secrets of one attempt to sign in: made for it, good for it, and known to one browser or to us alone.
public struct AuthorizationAttempt: Sendable, Equatable {
    /// Goes to the provider and comes back (RFC 6749 10.12).
    public let state: String
    /// Comes back in the ID token (OpenID Connect Core 3.1.2.1).
    public let nonce: String
    /// What the code is redeemed with (RFC 7636 4.1): the provider sees its hash first.
    public let verifier: String

    public init() {
        (state, nonce, verifier) = (
            Random.token(byteCount: 32), Random.token(byteCount: 32), Random.token(byteCount: 32)
        )
    }

    public init(state: String, nonce: String, verifier: String) {
        (self.state, self.nonce, self.verifier) = (state, nonce, verifier)
    }

    /// RFC 7636 4.2, S256.
    var challenge: String { Base64.url.encode(SHA256.hash(verifier)) }
}

/// What the provider sends the browser back with (RFC 6749 4.1.2).
public struct AuthorizationAnswer: Sendable {
    public static let maximumLength = 2_048

    public var code: String?
    /// A refusal, in the provider's code.
    public var error: String?
    /// Who answers (RFC 9207 2).
    public var issuer: String?
    /// Of VK ID.
    public var deviceID: String?

    public init(code: String? = nil, error: String? = nil, issuer: String? = nil, deviceID: String? = nil) {
        (self.code, self.error, self.issuer, self.deviceID) = (code, error, issuer, deviceID)
    }
}
