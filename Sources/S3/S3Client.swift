import HTTP
import HTTPClient
import Reactor
import Synchronization

/// Objects of one bucket below one prefix, over Amazon's S3 API. From any task.
///
/// - Rule: keys are relative to the location's prefix, in what is given and in what comes back.
/// - Rule: what is sent carries its SHA-256, signed and as `x-amz-checksum-sha256`, so that the server refuses what did not
///   arrive as it was (some servers look at only one of the two). What is read is as long as the server said, and an object
///   that is read as a whole has the checksum that was stored with it.
/// - Rule: what may go better another time (cut connections, time-outs, 429, 5xx) is tried again with growing, random pauses,
///   bounded in number and in time; other answers are errors at once. Every operation may therefore happen more than once,
///   and none of them minds. All throw `S3Error`, and `CancellationError` when the task is cancelled.
/// - Rule: only the operator's endpoint is asked, wherever it stands: private networks are allowed, redirects are errors.
/// - Rule: memory does not grow with the size of an object.
public final class S3Client: Sendable {
    public struct Configuration: Sendable {
        public var location: S3Location
        public var credentials: S3Credentials
        /// Reads them again when the server accepts them no more: those of a session are replaced every few hours. Called on
        /// the pool.
        public var renewal: (@Sendable () throws -> S3Credentials)?
        /// Asked for with each object that is stored; nil leaves it to the bucket.
        public var encryption: S3Encryption?
        /// The PEM file of the authorities that may certify the endpoint; nil for the system's.
        public var certificateAuthorities: String?
        /// Where requests are counted.
        public var counts = OutgoingCounts()
        var retries = RetryPolicy()
        /// Seconds since 1970.
        var wall: @Sendable () -> Int = { HTTPDate.now.secondsSince1970 }
        /// Waits before the next try; nil for the loop's own sleep.
        var pause: (@Sendable (Duration) async throws -> Void)?
        /// How long servers may be silent; `firstByte` is longer for what they need more time for.
        var timeouts = ClientRequest.Timeouts()
        /// A file up to this size is stored by one request, a larger one in parts of this size or more.
        var partByteCount = 16 << 20
        /// The largest object that servers copy by one request.
        var copyByteCount = 5 << 30

        public init(location: S3Location, credentials: S3Credentials) {
            self.location = location
            self.credentials = credentials
        }
    }

    public var location: S3Location { configuration.location }
    let configuration: Configuration
    let http: HTTPClient
    let loops: EventLoopGroup
    let pool: BlockingPool
    let clock: ServerClock
    private let latestCredentials: Mutex<S3Credentials>

    /// - Parameter pool: where files are read, hashed and written.
    /// - Throws: `HTTPClientError` when the installed libcurl cannot be used.
    public init(_ configuration: Configuration, loops: EventLoopGroup, pool: BlockingPool) throws {
        self.configuration = configuration
        self.loops = loops
        self.pool = pool
        clock = ServerClock(wall: configuration.wall)
        latestCredentials = Mutex(configuration.credentials)
        var client = HTTPClient.Configuration()
        client.allowedNetworks = ["0.0.0.0/0", "::/0"].compactMap(IPNetwork.init)
        client.certificateAuthorities = configuration.certificateAuthorities
        client.counts = configuration.counts
        client.connectionsPerHost = 32
        http = try HTTPClient(group: loops, configuration: client)
    }

    var credentials: S3Credentials { latestCredentials.withLock { $0 } }

    /// Whether there are other credentials now than `used`.
    func renewCredentials(insteadOf used: S3Credentials) async -> Bool {
        guard credentials == used, let renewal = configuration.renewal else { return credentials != used }
        guard let fresh = try? await pool.run(renewal) else { return false }
        latestCredentials.withLock { $0 = fresh }
        return fresh != used
    }

    /// Ends all transfers and connections. Call before the loops end; later calls fail with `stopping`.
    public func shutdown() async { await http.shutdown() }

    /// Whether the bucket is there and these credentials may look into it; for the start of a process.
    public func check() async throws {
        let query = [("list-type", "2"), ("max-keys", "1"), ("prefix", location.prefix)]
        let call = S3Call("look into \(location)", query: query)
        _ = try await understood(call, "ListBucketResult") { try $0.objects() }
    }
}
