import FoundationEssentials

/// A person as JSON.
public struct UserBody: Encodable, Sendable {
    private let user: User
    private let duties: [Duty]?

    /// - Parameter duties: for the person themselves; others are not told.
    public init(_ user: User, duties: [Duty]? = nil) {
        self.user = user
        self.duties = duties
    }

    private enum CodingKeys: String, CodingKey {
        case id, email, name, role, locale, createdAt, otpEnabled, emailVerified, hasPassword, duties
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(user.id, forKey: .id)
        try container.encode(user.email.description, forKey: .email)
        try container.encode(user.name, forKey: .name)
        try container.encode(user.role, forKey: .role)
        // Written as null when there is none.
        try container.encode(user.locale, forKey: .locale)
        try container.encode(user.createdAt, forKey: .createdAt)
        try container.encode(user.isOTPEnabled, forKey: .otpEnabled)
        try container.encode(user.emailVerifiedAt != nil, forKey: .emailVerified)
        try container.encode(user.passwordHash != nil, forKey: .hasPassword)
        try container.encodeIfPresent(duties, forKey: .duties)
    }
}

struct TokensBody: Encodable {
    let accessToken: String
    let tokenType = "Bearer"
    let expiresIn: Int
    let refreshToken: String
    let user: UserBody
}

struct SignInBody: Decodable {
    let email: String
    let password: String
    let otp: String?
}

struct RefreshBody: Decodable {
    let refreshToken: String
}

struct ChangePasswordBody: Decodable {
    let currentPassword: String
    let newPassword: String
}

struct SignOutBody: Decodable {
    let everywhere: Bool?
}

struct SessionBody: Encodable {
    let id: SessionID
    let device: String
    let address: String
    let createdAt: Date
    let lastUsedAt: Date
    let expiresAt: Date
    let isCurrent: Bool
    let method: SignInMethod

    init(_ shown: ListSessions.Shown, current: SessionID) {
        (id, device, address) = (shown.id, shown.device, shown.address)
        (createdAt, lastUsedAt, expiresAt) = (shown.createdAt, shown.lastUsedAt, shown.expiresAt)
        isCurrent = shown.id == current
        method = shown.method
    }
}
