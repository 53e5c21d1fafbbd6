import FoundationEssentials
import Identifiers
import Reactor
import SQL

/// Who does something.
public struct AuditActor: Sendable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable, SQLConvertible {
        case person
        /// A program with an API token of a person.
        case token
        /// The server by itself.
        case system
        /// `palco` on the command line.
        case command
    }

    /// Who that is, where it is a person.
    enum Identity: Hashable {
        case user(UserID)
        /// Known by a grant, which holds no more of the id (`Identifier.short`).
        case short(UInt64)
    }

    public let kind: Kind
    /// The person, also behind a token.
    let identity: Identity?
    /// Nil where the person's address is to be looked up.
    let name: String?
    let token: APITokenID?

    private init(_ kind: Kind, _ identity: Identity? = nil, name: String? = nil, token: APITokenID? = nil) {
        self.kind = kind
        self.identity = identity
        self.name = name.map(AuditValue.bounded)
        self.token = token
    }

    public init(_ caller: Caller) {
        switch caller.credential {
        case .token(let token): self.init(.token, .user(caller.userID), token: token.id)
        default: self.init(.person, .user(caller.userID))
        }
    }

    public static let system = AuditActor(.system)
    /// - Parameter account: the machine's account that called the command.
    public static func command(by account: String?) -> AuditActor { AuditActor(.command, name: account) }
    public static func person(_ id: UserID) -> AuditActor { AuditActor(.person, .user(id)) }
    public static func person(_ user: User) -> AuditActor {
        AuditActor(.person, .user(user.id), name: user.email.description)
    }
    public static func person(short: UInt64) -> AuditActor { AuditActor(.person, .short(short)) }
    /// Nobody knows who: a stranger whose sign-in was refused.
    public static let stranger = AuditActor(.person)
}

/// Who does something, and from where.
public struct AuditOrigin: Sendable, Hashable {
    public var actor: AuditActor
    public var address: String?

    public init(_ actor: AuditActor, from address: SocketAddress? = nil) {
        self.actor = actor
        self.address = address?.host
    }

    init(_ actor: AuditActor, at address: String) {
        self.actor = actor
        self.address = address
    }

    public init(_ caller: Caller, from address: SocketAddress) { self.init(AuditActor(caller), from: address) }

    public static let system = AuditOrigin(.system)
}

/// What something was done with.
public struct AuditTarget: Sendable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable, SQLConvertible {
        case user, group, invitation, registration, video, term, token, key, server, audit
    }

    public let kind: Kind
    public let id: String?
    public let name: String?
    /// What a stranger typed as an address. It is told only where it is that of an account: it may as well be a password.
    let account: EmailAddress?

    public init(_ kind: Kind, id: String? = nil, name: String? = nil) {
        self.init(kind, id: id, name: name, account: nil)
    }

    private init(_ kind: Kind, id: String?, name: String?, account: EmailAddress?) {
        self.kind = kind
        self.id = id
        self.name = name.map(AuditValue.bounded)
        self.account = account
    }

    /// The account with this address, if there is one: for what is counted (`AuditLog.count`).
    public static func account(_ address: EmailAddress) -> AuditTarget {
        AuditTarget(.user, id: nil, name: nil, account: address)
    }

    public init(_ user: User) { self.init(.user, id: "\(user.id)", name: user.email.description) }
    init(_ group: Group) { self.init(.group, id: "\(group.id)", name: group.name) }
    init(_ invitation: Invitation) {
        self.init(.invitation, id: "\(invitation.id)", name: invitation.email?.description)
    }
}

/// Something that the audit is to tell of.
public struct AuditEvent: Sendable, Hashable {
    public var action: AuditAction
    public var target: AuditTarget?
    public var origin: AuditOrigin
    public var before: AuditDetails
    public var after: AuditDetails
    public var outcome: AuditOutcome

    public init(
        _ action: AuditAction, of target: AuditTarget? = nil, by origin: AuditOrigin, before: AuditDetails = [:],
        after: AuditDetails = [:], outcome: AuditOutcome = .done
    ) {
        self.action = action
        self.target = target
        self.origin = origin
        self.before = before
        self.after = after
        self.outcome = outcome
    }
}
