import FoundationEssentials
import Identifiers
import SQL
import Security

public typealias UserID = Identifier<User>

/// A person with an account.
public struct User: Sendable, Equatable {
    public let id: UserID
    public var email: EmailAddress
    public var name: String
    public var role: Role
    /// The language that pages speak to them (BCP 47); nil follows the browser.
    public var locale: String?
    public var isDisabled: Bool
    public var isOTPEnabled: Bool
    public var createdAt: Date
    /// When the person showed that mail to the address reaches them; nil as long as nobody has.
    public var emailVerifiedAt: Date?
    var passwordChangedAt: Date
    /// Nil for who signs in elsewhere only.
    var passwordHash: PasswordHash?

    public init(id: UserID = UserID(), email: EmailAddress, name: String, role: Role, createdAt: Date) {
        self.id = id
        self.email = email
        self.name = name
        self.role = role
        self.createdAt = createdAt
        passwordChangedAt = createdAt
        isDisabled = false
        isOTPEnabled = false
    }
}

extension User {
    /// What a search among people looks into: in small letters, for the two databases fold them differently.
    var searchText: String { "\(name)\n\(email)".lowercased() }

    var standing: DutyRules.Standing {
        DutyRules.Standing(
            role: role, isOTPEnabled: isOTPEnabled, passwordChangedAt: passwordHash == nil ? nil : passwordChangedAt)
    }

    init(_ row: Row) throws {
        id = try row.value("id")
        email = try row.value("email")
        name = try row.value("name")
        role = try row.value("role")
        locale = try row.value("locale")
        isDisabled = try row.value("is_disabled")
        isOTPEnabled = try row.value("is_otp_enabled")
        createdAt = try row.value("created_at")
        emailVerifiedAt = try row.value("email_verified_at")
        passwordChangedAt = try row.value("password_changed_at")
        passwordHash = try row.value("password_hash", as: String?.self).map(PasswordHash.init(encoded:))
    }
}
