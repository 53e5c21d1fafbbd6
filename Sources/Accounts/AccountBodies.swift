import FoundationEssentials

/// A person as JSON.
public struct UserBody: Encodable, Sendable {
    private let user: User

    public init(_ user: User) { self.user = user }

    private enum CodingKeys: String, CodingKey { case id, email, name, role, locale, createdAt, otpEnabled }

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
