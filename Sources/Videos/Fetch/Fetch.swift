import Accounts
import FoundationEssentials

/// A video whose file is fetched from another server. Its row is there until the file is; a fetch that has failed keeps its
/// row, so that it can be tried again.
struct Fetch: Sendable {
    enum State: String, Sendable {
        /// For its turn, or for the pause after an attempt to be over.
        case waiting
        case receiving
        /// All bytes are here and are looked at.
        case checking
        case failed
    }

    var video: VideoID
    /// Of the video.
    var owner: UserID
    /// Nobody is shown it: it may hold a password, and whoever has the address of a shared file has the file.
    var address: SourceAddress
    /// Part of the address is not kept any more: it cannot be fetched again.
    var isReduced = false
    /// No title was given, so the name of the file becomes the title.
    var namesVideo: Bool
    var state: State
    var receivedByteCount: Int64
    /// As the source announced it; nil where it did not.
    var totalByteCount: Int64?
    /// What tells that the source still has the same bytes: a strong entity tag or a date (RFC 9110 8.8).
    var validator: String?
    /// Since it was asked for.
    var attempts: Int
    /// In a row.
    var failures: Int
    /// Why it failed, or why it is tried again.
    var failure: FetchFailure?
    var dueAt: Date

    /// What its owner is shown.
    var progress: Progress {
        Progress(
            state: state, host: address.host, receivedByteCount: receivedByteCount, totalByteCount: totalByteCount,
            attempts: attempts, failure: failure)
    }

    struct Progress: Sendable, Equatable {
        var state: State
        var host: String
        var receivedByteCount: Int64
        var totalByteCount: Int64?
        var attempts: Int
        var failure: FetchFailure?
    }
}

extension Fetch.Progress: Encodable {
    enum CodingKeys: String, CodingKey {
        case state, host, attempts, error
        case receivedByteCount = "received_bytes"
        case totalByteCount = "total_bytes"
    }

    private struct Failure: Encodable {
        var code: String
        var detail: String
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(state.rawValue, forKey: .state)
        try body.encode(host, forKey: .host)
        try body.encode(receivedByteCount, forKey: .receivedByteCount)
        try body.encode(totalByteCount, forKey: .totalByteCount)
        try body.encode(attempts, forKey: .attempts)
        try body.encode(failure.map { Failure(code: $0.rawValue, detail: $0.detail) }, forKey: .error)
    }
}
