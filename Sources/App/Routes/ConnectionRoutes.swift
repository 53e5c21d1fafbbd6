import HTTP
import Reactor
import Web

/// What this server sees of whoever asks. `palco doctor --url` compares it with what it did, and so finds what a proxy on the
/// way leaves out.
struct ConnectionRoutes: Sendable {
    struct Seen: Codable, Sendable {
        /// Of the client, as far as it is believed.
        var address: String
        /// A trusted proxy spoke for the client.
        var isProxied: Bool
        /// Somebody says so, trusted or not.
        var isForwarded: Bool
        var scheme: String
        /// The name and the port that were asked for.
        var host: String?
        /// The wish for a WebSocket arrived.
        var offersWebSocket: Bool
    }

    /// Between the two events of the stream: so long does somebody on the way who keeps them hide the first one.
    static let pause = Duration.seconds(2)

    let loops: EventLoopGroup

    func add(to router: RouterBuilder) {
        router.get("/connection", access: .public) { request, _ in
            let upgrade = request.headers[.upgrade]?.lowercased()
            return try .json(
                Seen(
                    address: request.remoteAddress.host, isProxied: request.proxyAddress != nil,
                    isForwarded: request.isForwarded, scheme: request.isSecure ? "https" : "http", host: request.host,
                    offersWebSocket: upgrade == "websocket"))
        }
        let loops = loops
        router.get("/connection/events", access: .public) { _, _ in
            var response = EventStream.response { stream in
                try await stream.send(.init(event: "first", data: "1"))
                try await loops.next().sleep(for: Self.pause)
                try await stream.send(.init(event: "second", data: "2"))
            }
            // Whether the way keeps streams back is what is looked for, so nobody is asked not to.
            response.headers["X-Accel-Buffering"] = nil
            return response
        }
    }
}
