import Reactor
import Security
import Synchronization

/// What is known in memory of an upload while the server runs: who writes to it now, and the hash of its bytes so far.
///
/// `@unchecked Sendable`: `digest` and `digestedByteCount` are touched only by the one task that holds the session;
/// the mutex of `UploadSessions` hands it from one to the next.
final class UploadSession: @unchecked Sendable {
    private var digest = SHA256()
    /// How many bytes from the start were hashed. Less than what is stored after a restart or a truncation: the rest is
    /// read from the disk when the upload is finished.
    private(set) var digestedByteCount: Int64 = 0

    /// Hashes bytes that were stored at `offset`, if they follow what was hashed.
    func hash(_ bytes: [UInt8], at offset: Int64) {
        guard offset == digestedByteCount else { return }
        digest.update(bytes)
        digestedByteCount += Int64(bytes.count)
    }

    /// A state to come back to when the bytes that follow are refused.
    func mark() -> (digest: SHA256, byteCount: Int64) { (digest.copy(), digestedByteCount) }

    func restore(_ mark: (digest: SHA256, byteCount: Int64)) {
        digest = mark.digest
        digestedByteCount = mark.byteCount
    }

    /// In hexadecimal.
    var checksum: String { Hex.encode(digest.value()) }
}

/// How far the look into a complete upload is.
enum UploadPhase: String, Sendable {
    /// Others are looked at first.
    case waiting
    case checking
}

/// The sessions of all uploads. One request at a time holds an upload.
final class UploadSessions: Sendable {
    private struct State {
        var sessions: [UploadID: UploadSession] = [:]
        var held: Set<UploadID> = []
        var phases: [UploadID: UploadPhase] = [:]
    }

    private let state = Mutex(State())

    /// Nil while another request holds it.
    func take(_ id: UploadID) -> UploadSession? {
        state.withLock { state in
            guard state.held.insert(id).inserted else { return nil }
            if let session = state.sessions[id] { return session }
            let session = UploadSession()
            state.sessions[id] = session
            return session
        }
    }

    func release(_ id: UploadID) {
        state.withLock { _ = $0.held.remove(id) }
    }

    /// Nil while bytes are missing, and when all is said.
    func phase(of id: UploadID) -> UploadPhase? { state.withLock { $0.phases[id] } }

    func setPhase(_ phase: UploadPhase?, of id: UploadID) { state.withLock { $0.phases[id] = phase } }

    /// The upload is over: its hash is not needed any more.
    func forget(_ id: UploadID) {
        state.withLock { $0.sessions[id] = nil }
    }

    var count: Int { state.withLock { $0.sessions.count } }
}

extension VideoCatalogue {
    /// Runs `body` while no request touches this upload; does nothing where one does.
    func ifFree(_ id: UploadID, _ body: (UploadSession) async throws -> Void) async throws {
        guard let session = sessions.take(id) else { return }
        defer { sessions.release(id) }
        try await body(session)
    }

    /// Runs `body` while no other request touches this upload.
    ///
    /// - Throws: `VideoError.uploadLocked` when another one holds on to it for longer than is worth waiting: it may be a
    ///   connection whose death was not noticed yet.
    func holding<T>(_ id: UploadID, _ body: (UploadSession) async throws -> T) async throws -> T {
        var waited = Duration.zero
        let step = Duration.milliseconds(20)
        while true {
            if let session = sessions.take(id) {
                defer { sessions.release(id) }
                return try await body(session)
            }
            guard waited < settings.lockPatience else { throw VideoError.uploadLocked }
            try await (EventLoop.current ?? foundation.loops.next()).sleep(for: step)
            waited += step
        }
    }
}
