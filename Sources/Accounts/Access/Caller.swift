import HTTP
import Identifiers
import Web

/// Who is asking, proven.
public struct Caller: Sendable, Equatable {
    public enum Credential: Sendable, Equatable {
        /// A browser's cookie: unsafe methods need the CSRF token beside it.
        case cookie
        case bearer
        /// An API token, which has some of its person's rights.
        case token(TokenPass)
        /// The word of a proxy, which comes with whatever a browser sends: unsafe methods need the CSRF token too.
        case proxy
    }

    public let userID: UserID
    public let role: Role
    /// That the person is in.
    public let groups: Set<GroupID>
    public let sessionID: SessionID
    public let credential: Credential
    /// What must be done before anything else.
    let duties: [Duty]

    init(_ session: Session, by credential: Credential, duties: [Duty]) {
        userID = session.userID
        role = session.role
        groups = session.groups
        sessionID = session.id
        // Whatever it came by: a token is never more than a token.
        self.credential = session.token.map { .token($0) } ?? credential
        self.duties = duties
    }

    /// Whom limits of an account count.
    public static let accountKey: AccountOf = { context in
        context.caller.map { AccountKey(high: $0.userID.high, low: $0.userID.low) }
    }

    /// For tests of rooms that ask who is calling.
    public init(
        userID: UserID, role: Role, groups: Set<GroupID> = [], sessionID: SessionID = SessionID(),
        credential: Credential = .bearer
    ) {
        self.userID = userID
        self.role = role
        self.groups = groups
        self.sessionID = sessionID
        self.credential = credential
        duties = []
    }
}

extension RequestContext {
    /// Nil for who is not signed in. Routes of the kind `public` never ask, so there it is always nil.
    public var caller: Caller? { base.values[Caller.self] }
}

/// A handler that takes this cannot be reached without a signed-in person.
public struct SignedInContext: ChildContext {
    public let base: BaseContext
    public let signedIn: Caller

    public var userID: UserID { signedIn.userID }
    public var role: Role { signedIn.role }
    /// Who does something here, for the audit.
    public var auditOrigin: AuditOrigin { AuditOrigin(signedIn, from: remoteAddress) }

    public init(_ parent: BaseContext, request: Request) async throws {
        guard let caller = parent.caller else { throw AccountsError.notSignedIn }
        base = parent
        signedIn = caller
    }
}
