import OpenIDConnect

/// Why a sign-in at a provider did not become one here, as the sign-in page explains it. No code tells whether an account exists.
public enum OutsideProblem: String, Error, Sendable {
    case providerUnavailable = "provider_unavailable"
    case providerRefused = "provider_refused"
    /// What the provider said was not believed.
    case providerInvalid = "provider_invalid"
    /// The attempt is over, was answered already, or is another browser's.
    case attemptOver = "sign_in_expired"
    /// No account goes with it: none exists, or it has to be linked by its owner first.
    case notLinked = "not_linked"
    /// A new account needs an address, and the provider tells none that will do.
    case noAddress = "address_missing"
    case accountDisabled = "account_disabled"
    /// The account asks for a code, which the provider's sign-in does not stand for.
    case codeRequired = "otp_required"
    /// It is linked to another account.
    case identityTaken = "identity_taken"
    /// Linking takes a sign-in of the last minutes.
    case signInAgain = "sign_in_again"

    init(_ error: OpenIDError) {
        switch error.kind {
        case .unavailable: self = .providerUnavailable
        case .refused: self = .providerRefused
        case .invalid: self = .providerInvalid
        }
    }
}
