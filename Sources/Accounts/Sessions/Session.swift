import Cryptography
import FoundationEssentials
import Identifiers
import SQL

public typealias SessionID = Identifier<Session>

/// One sign-in of one person, from a browser or a program.
public struct Session: Sendable, Equatable {
    public let id: SessionID
    public let userID: UserID
    /// The person's role now, not at sign-in.
    public var role: Role
    /// As the role.
    var isOTPEnabled: Bool
    /// Nil for who has no password.
    var passwordChangedAt: Date?
    public let createdAt: Date
    public var expiresAt: Date
    /// The person may more than when the browser got its cookie: it gets another at its next visit.
    var needsNewCookie: Bool
    /// The groups that the person is in now.
    var groups: Set<GroupID> = []
    /// What stands for a sign-in is an API token, which has some of the person's rights; nil for a sign-in.
    var token: TokenPass?
}

extension Session {
    var standing: DutyRules.Standing {
        DutyRules.Standing(role: role, isOTPEnabled: isOTPEnabled, passwordChangedAt: passwordChangedAt)
    }
}

/// The secrets of a session as the client holds them; the database has their hashes only.
struct SessionSecret: Sendable, Equatable {
    let text: String

    init() { text = Random.token(byteCount: 32) }

    init(_ text: String) { self.text = text }

    /// What is stored. The secret has 256 random bits, so a plain hash is enough.
    var hash: [UInt8] { SHA256.hash(text) }
}

/// By what a person proved who they are.
enum SignInMethod: String, Sendable, Codable, SQLConvertible {
    case password
    /// An outside identity provider.
    case oidc
    /// The proxy of the house vouches for them.
    case proxy
}

/// What was given besides the password.
enum SecondFactor: String, Sendable {
    case oneTimeCode = "one_time_code"
    case recoveryCode = "recovery_code"
}

/// Where a session began, as its person is shown it.
struct SessionOrigin: Sendable {
    var address: String
    var device: DeviceName
    var method = SignInMethod.password
    /// For the audit.
    var factor: SecondFactor?
    /// Where somebody signed in at one; as settings call it.
    var provider: String?
}

/// A session that begins, with the secrets that only its client will know.
struct FreshSession: Sendable {
    let session: Session
    let cookie = SessionSecret()
    let refresh = SessionSecret()

    init(of user: User, at moment: Date, until end: Date) {
        session = Session(
            id: SessionID(), userID: user.id, role: user.role, isOTPEnabled: user.isOTPEnabled,
            passwordChangedAt: user.standing.passwordChangedAt, createdAt: moment, expiresAt: end, needsNewCookie: false
        )
    }
}

/// What a client gets when a session of its person begins.
struct IssuedSession: Sendable {
    var user: User
    var session: Session
    var cookieSecret: SessionSecret
    var refreshSecret: SessionSecret
    var accessToken: String
}
