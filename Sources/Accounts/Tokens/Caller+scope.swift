import HTTP
import Web

extension Caller {
    /// Whether this credential may do what a rule is for. A sign-in may do all that its person may.
    ///
    /// - Throws: `APITokenError`.
    func check(_ rule: AccessRule, _ method: Request.Method) throws {
        guard case .token(let pass) = credential else { return }
        guard let needed = TokenScope.needed(for: rule, method) else { throw APITokenError.personNeeded }
        guard pass.scopes.contains(needed) else { throw APITokenError.scopeMissing(needed) }
    }
}
