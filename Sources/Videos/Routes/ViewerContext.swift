import HTTP
import Web

/// A request of somebody who is signed in: a handler that takes it cannot be reached without a viewer.
struct ViewerContext: ChildContext {
    let base: BaseContext
    let viewer: Viewer

    init(_ parent: BaseContext, request: Request) async throws {
        guard let viewer = parent.values[Viewer.self] else { throw VideoError.signInNeeded }
        base = parent
        self.viewer = viewer
    }
}

extension AccessRule {
    /// A grant in the address, or a signed-in viewer whom `VideoAccess` lets play.
    public static let playback = AccessRule.rule("playback")
}
