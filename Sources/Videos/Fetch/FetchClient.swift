import HTTPClient
import Reactor
import Synchronization

/// The client that files are fetched with: made when the first one is, because most servers never need libcurl.
final class FetchClient: Sendable {
    private let loops: EventLoopGroup
    private let configuration: HTTPClient.Configuration
    private let client = Mutex<HTTPClient?>(nil)

    init(loops: EventLoopGroup, configuration: HTTPClient.Configuration) {
        self.loops = loops
        self.configuration = configuration
    }

    /// - Throws: `HTTPClientError` with `library` where libcurl is missing.
    func get() throws -> HTTPClient {
        try client.withLock { client in
            if let client { return client }
            let made = try HTTPClient(group: loops, configuration: configuration)
            client = made
            return made
        }
    }

    func shutdown() async {
        await client.withLock { $0 }?.shutdown()
    }
}
