import FoundationEssentials
import Web

/// What an entry of the audit says of one property. There is no way to make one of a secret by accident: what can be told are flags,
/// numbers, times and names, each of bounded size.
public struct AuditValue: Sendable, Hashable {
    private enum Content: Hashable {
        case flag(Bool)
        case number(Int)
        case text(String)
        case list([String])
    }

    /// Of a name, in characters.
    static let mostCharacters = 200
    /// Of a list.
    static let mostNames = 50

    private let content: Content

    public static func flag(_ value: Bool) -> AuditValue { AuditValue(content: .flag(value)) }
    public static func number(_ value: Int) -> AuditValue { AuditValue(content: .number(value)) }
    public static func role(_ role: Role) -> AuditValue { AuditValue(content: .text(role.rawValue)) }
    public static func time(_ time: Date) -> AuditValue { AuditValue(content: .text(InternetTime(time).description)) }
    /// What a person, a video or a setting is called.
    public static func name(_ text: String) -> AuditValue { AuditValue(content: .text(bounded(text))) }
    public static func names(_ texts: [String]) -> AuditValue {
        AuditValue(content: .list(texts.prefix(mostNames).map(bounded)))
    }

    /// The beginning of a text that a person may have written.
    static func bounded(_ text: String) -> String {
        // Characters may be of any number of bytes.
        let start = String(decoding: text.utf8.prefix(4 * mostCharacters), as: UTF8.self).prefix(mostCharacters)
        return String(start.map { $0 == "\0" ? "\u{FFFD}" : $0 })
    }
}

extension AuditValue: Codable {
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let flag = try? value.decode(Bool.self) {
            content = .flag(flag)
        } else if let number = try? value.decode(Int.self) {
            content = .number(number)
        } else if let text = try? value.decode(String.self) {
            content = .text(text)
        } else {
            content = .list(try value.decode([String].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch content {
        case .flag(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        }
    }
}

/// A property that an entry of the audit tells of.
public struct AuditField: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// How many times it happened.
    public static let count = AuditField(rawValue: "count")
    /// When it happened last, of what was counted.
    public static let lastAt = AuditField(rawValue: "last_at")
    /// By what somebody signed in, came to an account, or to a new password.
    public static let method = AuditField(rawValue: "method")
    /// What was given besides: a one-time code, or a recovery code.
    public static let factor = AuditField(rawValue: "factor")
    /// An identity provider, as settings call it.
    public static let provider = AuditField(rawValue: "provider")
    public static let group = AuditField(rawValue: "group")
    /// The ids of those that a video is for.
    public static let groups = AuditField(rawValue: "groups")
    /// How many people are in a group.
    public static let members = AuditField(rawValue: "members")
    /// The id of the invitation that an account came by.
    public static let invitation = AuditField(rawValue: "invitation")
    /// How many providers are linked.
    public static let identities = AuditField(rawValue: "identities")
    public static let hasCodes = AuditField(rawValue: "has_codes")
    public static let wasMailed = AuditField(rawValue: "was_mailed")
    /// The name of the key that signs, which tokens name it by.
    public static let key = AuditField(rawValue: "key")
    public static let algorithm = AuditField(rawValue: "algorithm")
    /// Why something was refused.
    public static let reason = AuditField(rawValue: "reason")
    public static let name = AuditField(rawValue: "name")
    public static let role = AuditField(rawValue: "role")
    public static let scopes = AuditField(rawValue: "scopes")
    public static let expiresAt = AuditField(rawValue: "expires_at")
    public static let isHidden = AuditField(rawValue: "is_hidden")
    public static let isPremium = AuditField(rawValue: "is_premium")
    public static let hasPassword = AuditField(rawValue: "has_password")
    /// How many had given a video's password and were still let in.
    public static let unlocks = AuditField(rawValue: "unlocks")
    public static let format = AuditField(rawValue: "format")
    /// The id of a link, which says nothing of its address.
    public static let share = AuditField(rawValue: "share")
    public static let isEmbeddable = AuditField(rawValue: "is_embeddable")
    public static let viewLimit = AuditField(rawValue: "view_limit")
    public static let replacesPassword = AuditField(rawValue: "replaces_password")
}

/// What something was, or became.
public typealias AuditDetails = [AuditField: AuditValue]
