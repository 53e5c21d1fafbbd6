import FoundationEssentials

/// How this server lets people in, for its pages.
struct AuthOptionsBody: Encodable {
    struct Provider: Encodable, Sendable {
        let name: String
        let label: String
    }

    struct Password: Encodable {
        let policy: String
        let minimumLength: Int
    }

    let registration: String
    let domains: [String]
    let providers: [Provider]
    let hasMail: Bool
    let verifiesEmail: Bool
    let password: Password
    let mayRemoveSelf: Bool
}

/// What happens next with what was asked for.
struct StatusBody: Encodable {
    let status: String
}

struct VerifyBody: Decodable {
    let token: String
    let password: String
}

struct ForgotPasswordBody: Decodable {
    let email: String
}

struct ResetPasswordBody: Decodable {
    let token: String
    let password: String
}

/// An invitation as its holder sees it.
struct OfferedInvitationBody: Encodable {
    let invitation: Invitation

    private enum CodingKeys: String, CodingKey { case email, role, expiresAt }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        // Written as null when there is none.
        try container.encode(invitation.email?.description, forKey: .email)
        try container.encode(invitation.role, forKey: .role)
        try container.encode(invitation.expiresAt, forKey: .expiresAt)
    }
}

/// An invitation as administrators see it.
struct InvitationBody: Encodable {
    let invitation: Invitation
    /// Of one that was just made.
    var issued: (link: String, wasMailed: Bool)?

    init(_ invitation: Invitation) { self.invitation = invitation }

    init(_ issued: IssuedInvitation) {
        invitation = issued.invitation
        self.issued = (issued.link, issued.wasMailed)
    }

    private enum CodingKeys: String, CodingKey { case id, email, role, locale, createdAt, expiresAt, link, mailed }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(invitation.id, forKey: .id)
        try container.encode(invitation.email?.description, forKey: .email)
        try container.encode(invitation.role, forKey: .role)
        try container.encode(invitation.locale, forKey: .locale)
        try container.encode(invitation.createdAt, forKey: .createdAt)
        try container.encode(invitation.expiresAt, forKey: .expiresAt)
        guard let issued else { return }
        try container.encode(issued.link, forKey: .link)
        try container.encode(issued.wasMailed, forKey: .mailed)
    }
}

/// A registration that waits, as administrators see it.
struct WaitingRegistrationBody: Encodable {
    let id: RegistrationID
    let email: String
    let name: String
    let createdAt: Date
    let expiresAt: Date

    init(_ registration: Registration) {
        id = registration.id
        email = registration.email.description
        name = registration.name
        createdAt = registration.createdAt
        expiresAt = registration.expiresAt
    }
}

struct LinkBody: Encodable {
    let link: String
}
