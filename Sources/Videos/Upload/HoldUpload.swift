import HTTP
import Reactor

/// Holds an upload while something is done with it: one request at a time does, of this server and of all others.
struct HoldUpload: Sendable {
    let sessions: UploadSessions
    let claim: UploadClaim
    let loops: EventLoopGroup
    /// How long a request waits for another one.
    let patience: Duration

    /// Runs `body` while no request touches this upload, here or at another server; does nothing where one does.
    func ifFree(_ id: UploadID, _ body: (UploadSession) async throws -> Void) async throws {
        guard let session = sessions.take(id) else { return }
        defer { sessions.release(id) }
        // Who works beside the requests takes nothing from them.
        guard try await claim.take(id, asking: false) else { return }
        let loop = EventLoop.current ?? loops.next()
        try await claim.keeping(id, on: loop, interrupt: nil) { try await body(session) }
    }

    /// Runs `body` while no other request touches this upload, here or at another server; one that is still receiving is told to
    /// stop.
    ///
    /// - Parameter source: what `body` receives; it ends when a newer request comes.
    /// - Throws: `VideoError.uploadLocked` when another one holds on to it for longer than is worth waiting: it makes a
    ///   video of the upload.
    func callAsFunction<T>(
        _ id: UploadID, receiving source: RequestBody? = nil, _ body: (UploadSession) async throws -> T
    ) async throws -> T {
        let loop = EventLoop.current ?? loops.next()
        var waited = Duration.zero
        let step = Duration.milliseconds(claim.isShared ? 100 : 20)
        while true {
            if let session = sessions.take(id, interrupt: source?.interrupter) {
                defer { sessions.release(id) }
                if try await claim.take(id) {
                    return try await claim.keeping(id, on: loop, interrupt: source?.interrupter) {
                        try await body(session)
                    }
                }
            } else {
                sessions.takeOver(id)
            }
            guard waited < patience else { throw VideoError.uploadLocked }
            try await loop.sleep(for: step)
            waited += step
        }
    }
}
