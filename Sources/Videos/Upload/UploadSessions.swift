import BaseEncoding
import Cryptography
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

    /// Nothing of it counts any more.
    func restart() {
        digest = SHA256()
        digestedByteCount = 0
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
///
/// The newest has the right to it: its sender changed the network or lost patience, and the connection of the older one
/// may be dead without anybody having noticed. So the older one is told to stop receiving. What is being made of a
/// complete upload goes on.
final class UploadSessions: Sendable {
    private struct State {
        var sessions: [UploadID: UploadSession] = [:]
        /// What ends the receiving of the request that holds an upload.
        var held: [UploadID: (@Sendable () -> Void)?] = [:]
        var phases: [UploadID: UploadPhase] = [:]
    }

    private let state = Mutex(State())

    /// Nil while another request holds it.
    ///
    /// - Parameter interrupt: called when a newer request wants the upload.
    func take(_ id: UploadID, interrupt: (@Sendable () -> Void)? = nil) -> UploadSession? {
        state.withLock { state in
            guard state.held[id] == nil else { return nil }
            state.held[id] = .some(interrupt)
            if let session = state.sessions[id] { return session }
            let session = UploadSession()
            state.sessions[id] = session
            return session
        }
    }

    func release(_ id: UploadID) {
        state.withLock { _ = $0.held.removeValue(forKey: id) }
    }

    /// Tells the request that holds it to receive no more.
    func takeOver(_ id: UploadID) {
        let interrupt = state.withLock { $0.held[id] }
        interrupt??()
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
