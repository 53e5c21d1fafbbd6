import Accounts
import HTTP
import SQL

/// Who sends requests, as the room of accounts knows it.
public struct VideoCallers: Sendable {
    /// Who sends a request that came without a grant.
    let identify: @Sendable (Request) async throws -> Caller?
    /// Who a caller is by now; nil once the session is over. Asked often, so it should come from memory.
    let current: @Sendable (Caller) async throws -> Caller?
    /// The role that a person has in a transaction; nil for people who may not be here.
    let role: @Sendable (UserID, ReadAccess) throws -> Role?

    public init(
        identify: @escaping @Sendable (Request) async throws -> Caller?,
        current: @escaping @Sendable (Caller) async throws -> Caller?,
        role: @escaping @Sendable (UserID, ReadAccess) throws -> Role?
    ) {
        self.identify = identify
        self.current = current
        self.role = role
    }

    /// A caller as of now.
    ///
    /// - Throws: `VideoError.signInNeeded` once the session is over or its person may not be here.
    func stillThere(_ caller: Caller) async throws -> Caller {
        guard let caller = try await current(caller) else { throw VideoError.signInNeeded }
        return caller
    }
}
