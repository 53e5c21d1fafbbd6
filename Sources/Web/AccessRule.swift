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

    public static let `public` = AccessRule(kind: .public, name: "public")
    public static let signedIn = AccessRule(kind: .signedIn, name: "signed_in")
    public static func role(_ name: String) -> AccessRule { AccessRule(kind: .role, name: name) }
    public static func rule(_ name: String) -> AccessRule { AccessRule(kind: .rule, name: name) }

    public var description: String { kind == .public || kind == .signedIn ? name : "\(kind.rawValue):\(name)" }
}

/// Decides for each request whether the route's rule is met, before anything of the body is read. It may leave what it
/// found (who is asking) in the context's values. Throwing a `Problem` refuses the request.
public typealias AccessCheck = @Sendable (Request, inout BaseContext, AccessRule) async throws -> Void
