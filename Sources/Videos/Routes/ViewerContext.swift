import Accounts
import HTTP
import Web

/// A request of somebody who is signed in: a handler that takes it cannot be reached without a viewer.
struct ViewerContext: ChildContext {
    let base: BaseContext
    let caller: Caller
    let viewer: Viewer

    /// Who does something here, for the audit.
    var auditOrigin: AuditOrigin { AuditOrigin(caller, from: remoteAddress) }

    init(_ parent: BaseContext, request: Request) async throws {
        guard let caller = parent.caller else { throw VideoError.signInNeeded }
        base = parent
        self.caller = caller
        viewer = Viewer(caller)
    }
}

extension Viewer {
    public init(_ caller: Caller) {
        self.init(id: caller.userID, role: caller.role, groups: caller.groups)
    }
}
