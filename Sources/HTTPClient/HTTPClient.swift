import HTTP
import Reactor

/// Sends requests to other servers, on the event loops and without holding a thread: libcurl's multi interface, one
/// instance for each loop.
///
/// - Rule: an address that a stranger may have given is only asked through this. What is not on the open internet is refused
///   when the connection is opened (`AddressGuard`), except `Configuration.allowedNetworks`.
/// - Rule: certificates are always verified. No cookies, no `.netrc`, no proxy from the environment, nothing but
///   `http` and `https`. HTTP/2 where the server has it and the body may not be large.
/// - Advice: one client for each set of rules, kept for the life of the process, ended by `shutdown`.
public final class HTTPClient: Sendable {
    public struct Configuration: Sendable {
        /// Networks that may be asked although they are not on the open internet.
        public var allowedNetworks: [IPNetwork] = []
        /// `http://user:password@host:port`; nil asks servers directly. The proxy itself may stand anywhere.
        ///
        /// - What if: behind a proxy nobody here sees the address that is connected to. Addresses written as numbers and
        ///   `localhost` are still refused; names that lead inside are the proxy's to refuse.
        public var proxy: String?
        /// The PEM file of the authorities that may issue certificates; nil for the system's.
        public var certificateAuthorities: String?
        /// `User-Agent` of requests that set none.
        public var userAgent = "palco"
        /// Open connections of one loop to one server, 64 at most; what is more waits. A reader who takes his time holds one.
        public var connectionsPerHost = 8
        /// Where requests are counted; several clients may share it.
        public var counts = OutgoingCounts()
        /// `HOST:PORT:ADDRESS`, taken for what DNS says.
        var resolved: [String] = []

        public init() {}
    }

    let configuration: Configuration
    let addresses: AddressGuard
    private let group: EventLoopGroup
    private let drivers: [ObjectIdentifier: CurlLoop]

    /// - Throws: `HTTPClientError` with `library` when the installed libcurl would block the loops.
    public init(group: EventLoopGroup, configuration: Configuration = Configuration()) throws {
        try CurlLoop.checkLibrary()
        self.group = group
        self.configuration = configuration
        addresses = AddressGuard(allowed: configuration.allowedNetworks)
        drivers = Dictionary(
            uniqueKeysWithValues: group.loops.map {
                (ObjectIdentifier($0), CurlLoop(loop: $0, connectionsPerHost: configuration.connectionsPerHost))
            })
    }

    /// Sends `request`, follows redirects, and hands the answer to `body` as soon as its head is there. When `body` returns
    /// or throws, the transfer has ended: what was not read is not fetched.
    ///
    /// - Throws: `HTTPClientError`; `CancellationError` when the task is cancelled; what `body` and a streamed body throw.
    public func withResponse<Value>(
        to request: ClientRequest, _ body: (ClientResponse) async throws -> Value
    ) async throws -> Value {
        let deadline = MonotonicTime.now + request.timeouts.whole
        var hop = try Hop(request)
        for redirects in 0... {
            let follows = request.maxRedirects > 0
            let outcome = try await perform(hop, of: request, until: deadline, follows: follows, body)
            switch outcome {
            case .answer(let value): return value
            case .redirect(let next): hop = next
            }
            guard redirects < request.maxRedirects else { break }
        }
        throw HTTPClientError(.tooManyRedirects, "more than \(request.maxRedirects) redirects")
    }

    /// What can be said of an address without asking the network: a name may still lead to what must not be asked.
    ///
    /// - Throws: `HTTPClientError` with `invalidURL` or `forbiddenAddress`.
    public func check(_ url: String) throws {
        let url = try TargetURL(url)
        let isWritten = url.address != nil || url.plainHost == "localhost" || url.plainHost.hasSuffix(".localhost")
        guard !isWritten || addresses.permitsByName(url) else {
            throw HTTPClientError(.forbiddenAddress, "\(url.host) must not be asked")
        }
    }

    private enum Outcome<Value> {
        case answer(Value)
        case redirect(Hop)
    }

    private func perform<Value>(
        _ hop: Hop, of request: ClientRequest, until deadline: MonotonicTime, follows: Bool,
        _ body: (ClientResponse) async throws -> Value
    ) async throws -> Outcome<Value> {
        // Without a proxy what a name leads to is seen when the socket is opened.
        if hop.url.address != nil || configuration.proxy != nil, !addresses.permitsByName(hop.url) {
            throw HTTPClientError(.forbiddenAddress, "\(hop.url.host) must not be asked")
        }
        let loop = EventLoop.current ?? group.next()
        guard let driver = drivers[ObjectIdentifier(loop)] ?? drivers[ObjectIdentifier(group.next())] else {
            throw HTTPClientError(.library, "no loop")
        }
        let transfer = Transfer(
            hop, limits: .init(timeouts: request.timeouts, bodyBytes: request.maxBodyBytes, deadline: deadline),
            client: self, driver: driver)
        async let _: Void = transfer.upload(hop.body)
        // Stands behind the upload, which waits for the transfer's end.
        defer { transfer.end() }
        let head = try await head(of: transfer)
        if follows, let next = try hop.following(head) { return .redirect(next) }
        let response = ClientResponse(
            status: head.status, headers: head.headers, url: hop.url.text, body: ClientResponseBody(transfer: transfer))
        return .answer(try await body(response))
    }

    private func head(of transfer: Transfer) async throws -> ResponseHeadReader.Head {
        let start = MonotonicTime.now
        func count(_ status: Int?) {
            let duration = MonotonicTime.now.nanoseconds - start.nanoseconds
            configuration.counts.record(transfer.hop.url, status: status, nanoseconds: duration)
        }
        do {
            let head = try await transfer.head()
            count(head.status.code)
            return head
        } catch {
            // What we gave up ourselves says nothing about the server.
            if !(error is CancellationError) { count(nil) }
            throw error
        }
    }

    deinit {
        for driver in drivers.values { driver.loop.execute { driver.close() } }
    }

    /// Ends all transfers and connections. Call before the loops end; later requests fail with `stopping`.
    public func shutdown() async {
        for driver in drivers.values {
            await withUnsafeContinuation { continuation in
                driver.loop.execute {
                    driver.close()
                    continuation.resume()
                }
            }
        }
    }
}
