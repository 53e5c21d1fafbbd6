import HTTP

/// A request to another server, with what it may take of us.
public struct ClientRequest: Sendable {
    public var method: Request.Method
    /// `http` or `https`, without user and password: credentials go into `Authorization`.
    public var url: String
    /// Without the fields that belong to the connection or to the body's framing: `Host`, `Content-Length`,
    /// `Transfer-Encoding` and their like are refused. A redirect to another origin gets them without `Authorization`,
    /// `Cookie`, `Origin` and `Referer`; what else must not go there needs `maxRedirects` 0.
    public var headers: HeaderFields
    public var body: Body
    public var timeouts = Timeouts()
    /// How many redirects are followed; 0 hands the first one over as the answer.
    public var maxRedirects = 5
    /// Asks for a WebSocket as well, to see whether the wish arrives. Over HTTP/1.1; a server that grants it is an error,
    /// for here nobody speaks WebSocket.
    public var offersWebSocket = false
    /// Lets a streamed body go over a connection that was kept. Where the server has closed it meanwhile, the request fails
    /// with `disconnected`: for callers who then send it again.
    public var reusesConnections = false
    /// The most bytes of the answer's body. More is an error, as soon as it is announced.
    public var maxBodyBytes = 1 << 20

    public init(
        method: Request.Method = .get, url: String, headers: HeaderFields = HeaderFields(), body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    public enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Asked for the next piece when the last one was taken; nil ends the body. Chunked, or a stream of HTTP/2, unless
        /// the length is known. It is sent once: a redirect that wants it again fails.
        case stream(byteCount: Int?, @Sendable () async throws -> [UInt8]?)
    }

    /// All are kept to within a second.
    public struct Timeouts: Sendable {
        /// Name lookup, TCP and TLS; for each redirect anew.
        public var connect = Duration.seconds(10)
        /// From the last piece of the request to the whole head of the answer.
        public var firstByte = Duration.seconds(30)
        /// How long the server may send nothing of a body. Time in which we do not read is not counted.
        public var stalled = Duration.seconds(30)
        /// Everything, redirects and the reading of the body included.
        public var whole = Duration.seconds(60)

        public init() {}
    }
}
