/// Why something on S3 did not come about: what happened, why, and what to do. No secrets.
public struct S3Error: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// There is no object of this name. (Of an object that is only asked about by `head` this is no error.)
        case noSuchKey
        /// The multipart upload was completed or aborted, or never was.
        case noSuchUpload
        case noSuchBucket
        /// The object is another one than when it was first asked for.
        case changed
        /// These credentials may not do this.
        case accessDenied
        /// The server does not know the credentials, or their signature is wrong, or they have expired.
        case wrongCredentials
        case wrongRegion
        /// This machine's clock is wrong, and the server does not tell the time.
        case wrongClock
        /// 429 or 5xx, to the last try.
        case unavailable
        /// No connection, or it was cut, to the last try.
        case unreachable
        case timedOut
        /// The certificate is not the server's.
        case untrustedServer
        /// The answer is none that S3 gives.
        case invalidAnswer
        /// The object is not as long as was said, or has not all of what was asked for.
        case wrongSize
        /// What came is not what was stored, by its checksum; or what was sent did not arrive as it was.
        case damaged
        /// The object or the answer is larger than is taken here or there.
        case tooLarge
        /// The server has no more room for this.
        case noSpace
        /// The key, the number of a part or a range cannot be asked for.
        case invalidRequest
        /// A file of this machine cannot be read or written.
        case file
        /// The server answered with another 4xx, which stands in `serverCode`.
        case refused
        /// The client was shut down.
        case stopping
    }

    public let code: Code
    /// What was to be done, as the middle of a sentence: `store videos/1/720p.mp4`.
    public let task: String
    public let detail: String
    /// Of the answer, if there was one.
    public var status: Int?
    /// The server's own name for it, such as `SlowDown`.
    public var serverCode: String?
    /// By which the people who run the server find the request in their log.
    public var requestID: String?
    /// Whether the next try may go better.
    var isTransient = false
    /// Whether the request may have been carried out although no answer says so.
    var isUncertain = false

    init(_ code: Code, _ task: String, _ detail: String) {
        self.code = code
        self.task = task
        self.detail = detail
    }

    public var description: String {
        let facts = [serverCode, status.map { "status \($0)" }, requestID.map { "request \($0)" }].compactMap { $0 }
        let marks = facts.isEmpty ? "" : " (\(facts.joined(separator: ", ")))"
        return "S3 could not \(task): \(detail)\(marks)" + (advice.map { ". \($0)" } ?? "")
    }

    private var advice: String? {
        switch code {
        case .noSuchKey, .noSuchUpload, .changed, .stopping, .refused, .invalidRequest: nil
        case .noSuchBucket: "Make the bucket, or correct its name in the settings"
        case .accessDenied: "Allow these credentials to list, read, write and delete in the bucket"
        case .wrongCredentials: "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN or their file"
        case .wrongRegion: "Correct region= and endpoint= in the settings"
        case .wrongClock: "Set this machine's clock"
        case .unavailable, .timedOut: "Try again later, or ask those who run the server"
        case .unreachable: "Check that the endpoint in the settings is right and can be reached from this machine"
        case .untrustedServer: "Check the endpoint's name and its certificate"
        case .invalidAnswer: "Check that the endpoint in the settings is a server of S3"
        case .wrongSize, .damaged: "Check the object and the disks that it lies on"
        case .tooLarge: nil
        case .noSpace: "Make room in the bucket"
        case .file: "Check this machine's disk"
        }
    }
}
