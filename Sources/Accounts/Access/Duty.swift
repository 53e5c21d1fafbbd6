import FoundationEssentials

/// What a signed-in person must do before anything else. Until then their session may use `/api/v1/auth/…` only.
public enum Duty: String, Sendable, Encodable {
    /// Their role must have one-time codes, and they have none.
    case setUpOTP = "set_up_otp"
    /// Their password is older than it may be.
    case changePassword = "change_password"
}

/// Who has which duty.
struct DutyRules: Sendable {
    let otpRoles: Set<Role>
    /// Seconds; nil for no end.
    let passwordMaximumAge: TimeInterval?

    /// What the sign-in of a person stands on.
    struct Standing: Sendable, Equatable {
        var role: Role
        var isOTPEnabled: Bool
        /// Nil for who has no password: an outside identity's provider asks for codes, and for another password, itself.
        var passwordChangedAt: Date?
    }

    func duties(of standing: Standing, at now: Date) -> [Duty] {
        guard let changedAt = standing.passwordChangedAt else { return [] }
        var duties: [Duty] = []
        if !standing.isOTPEnabled, otpRoles.contains(standing.role) { duties.append(.setUpOTP) }
        if let passwordMaximumAge, now.timeIntervalSince(changedAt) >= passwordMaximumAge {
            duties.append(.changePassword)
        }
        return duties
    }
}
