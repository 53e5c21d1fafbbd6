import HTTP
import SQL
import Web

/// What part of a person's rights an API token has. None contains another.
public enum TokenScope: String, Sendable, Codable, CaseIterable, SQLConvertible {
    /// Looks at what the person may see, and plays it.
    case read
    /// Uploads, and asks how far an upload is.
    case upload
    /// Changes and removes what the person may change.
    case manage
    /// What only administrators may do.
    case administer

    /// The least role with which it is of any use.
    var leastRole: Role {
        switch self {
        case .read, .manage: .user
        case .upload: .creator
        case .administer: .admin
        }
    }

    /// The scope that a route asks of a token; nil where no token is let in.
    ///
    /// A route says so where it is registered (`AccessRule.scope`). Where it says nothing, it follows from what the route is: of
    /// administrators, reading, or changing.
    static func needed(for rule: AccessRule, _ method: Request.Method) -> TokenScope? {
        if let name = rule.scope { return TokenScope(rawValue: name) }
        if rule.kind == .role, rule.name == Role.admin.rawValue { return .administer }
        return method == .get || method == .head || method == .options ? .read : .manage
    }
}

extension AccessRule {
    /// Any signed-in person, and tokens with this scope, whatever the method.
    public static func signedIn(opening scope: TokenScope) -> AccessRule { AccessRule.signedIn.scoped(scope.rawValue) }

    /// A person who has signed in, and no token: for what would make of a token more than it is, such as other tokens, passwords and codes.
    public static let inPerson = AccessRule.signedIn.inPerson

    /// The same rule, and no token.
    public var inPerson: AccessRule { scoped("none") }
}
