import Cryptography
import Security

/// What secrets of authenticators and recovery codes are kept under. Whoever has the database and not the installation's
/// secret has neither.
struct OneTimeCodeKeys: Sendable {
    private let secretKey: [UInt8]
    private let recoveryKey: HMACSHA256

    init(secret: SigningSecret) {
        secretKey = secret.keyBytes(for: "one-time-codes")
        recoveryKey = secret.key(for: "recovery-codes")
    }

    /// Sealed for one person: in another's row it cannot be opened.
    func seal(_ code: OneTimeCode, of user: UserID) throws -> [UInt8] {
        try AES256GCM(key: secretKey).seal(code.secret, for: Array(user.description.utf8))
    }

    /// - Throws: `CryptographyError.undecipherable` after the installation's secret was replaced.
    func open(_ sealed: [UInt8], of user: UserID) throws -> OneTimeCode {
        OneTimeCode(secret: try AES256GCM(key: secretKey).open(sealed, for: Array(user.description.utf8)))
    }

    /// The code is random and the hash is keyed, so a fast one is enough.
    func hash(_ code: RecoveryCode, of user: UserID) -> [UInt8] {
        recoveryKey.authenticationCode(for: Array("\(user) \(code.characters)".utf8))
    }
}
