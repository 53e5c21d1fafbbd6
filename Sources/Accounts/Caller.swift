import HTTP
import Identifiers
import Web

/// Who is asking, proven.
public struct Caller: Sendable, Equatable {
    public enum Credential: Sendable, Equatable {
        /// A browser's cookie: unsafe methods need the CSRF token beside it.
        case cookie
        case bearer
    }

    public let userID: UserID
    public let role: Role
    public let sessionID: SessionID
    public let credential: Credential

    init(_ session: Session, by credential: Credential) {
        userID = session.userID
        role = session.role
        sessionID = session.id
        self.credential = credential
    }

    /// For tests of rooms that ask who is calling.
    public init(userID: UserID, role: Role, sessionID: SessionID = SessionID(), credential: Credential = .bearer) {
        self.userID = userID
        self.role = role
        self.sessionID = sessionID
        self.credential = credential
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

    public init(_ parent: BaseContext, request: Request) async throws {
        guard let caller = parent.caller else { throw AccountsError.notSignedIn }
        base = parent
        signedIn = caller
    }
}
