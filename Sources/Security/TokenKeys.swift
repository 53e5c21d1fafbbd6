import Cryptography

/// Pairs of keys for tokens that others may verify as well. Each has one algorithm, whatever a token says of itself (RFC 8725 3.1).
public struct TokenKeys: Sendable {
    public struct Verifying: Sendable {
        public var key: PublicKey
        public var algorithm: SignatureAlgorithm

        public init(_ key: PublicKey, _ algorithm: SignatureAlgorithm) {
            self.key = key
            self.algorithm = algorithm
        }
    }

    /// What signs, and its name; nil leaves that to the installation's secret.
    public var signing: (id: String, key: PrivateKey)?
    /// By their names.
    public var verifying: [String: Verifying]

    public init(signing: (id: String, key: PrivateKey)? = nil, verifying: [String: Verifying] = [:]) {
        self.signing = signing
        self.verifying = verifying
    }
}
