import HTTP

/// Who may call a route. Each route declares one; a route without one stops the start.
public struct AccessRule: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable {
        /// Anyone, signed in or not.
        case `public`
        /// Any signed-in user.
        case signedIn
        /// Only these roles.
        case role
        /// A policy of the room decides, for example from a playback grant.
        case rule
    }

    public let kind: Kind
    /// The role or the policy; for the other kinds the kind itself.
    public let name: String
    /// The part of a person's rights that a program needs which was given only some of them; nil where that follows from the rule
    /// and the method. What the parts are the access check knows.
    public private(set) var scope: String?

    init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    public static let `public` = AccessRule(kind: .public, name: "public")
    public static let signedIn = AccessRule(kind: .signedIn, name: "signed_in")
    public static func role(_ name: String) -> AccessRule { AccessRule(kind: .role, name: name) }
    public static func rule(_ name: String) -> AccessRule { AccessRule(kind: .rule, name: name) }

    /// The same rule for people; programs need this part of a person's rights.
    public func scoped(_ scope: String) -> AccessRule {
        var rule = self
        rule.scope = scope
        return rule
    }

    public var description: String { kind == .public || kind == .signedIn ? name : "\(kind.rawValue):\(name)" }
}

/// Decides for each request whether the route's rule is met, before anything of the body is read. It may leave what it
/// found (who is asking) in the context's values. Throwing a `Problem` refuses the request.
public struct AccessCheck: Sendable {
    /// The same from memory alone, for answers that need no waiting; false leaves it to `waiting`, whatever it left in the context.
    let atOnce: @Sendable (Request, inout BaseContext, AccessRule) throws -> Bool
    let waiting: @Sendable (Request, inout BaseContext, AccessRule) async throws -> Void

    public init(
        atOnce: @escaping @Sendable (Request, inout BaseContext, AccessRule) throws -> Bool = { _, _, _ in false },
        _ waiting: @escaping @Sendable (Request, inout BaseContext, AccessRule) async throws -> Void
    ) {
        self.atOnce = atOnce
        self.waiting = waiting
    }
}
