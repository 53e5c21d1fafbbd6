import Glibc
import HTTP
import Reactor
import Web

/// Says every message again, at `/topic` to all who are there. Prints its address as `palco serve` does and stops gently at SIGTERM.
@main
struct EchoServer {
    static func main() async throws {
        try await serve()
    }

    /// Away from the main actor, whose isolation closures would carry along.
    @concurrent
    private static func serve() async throws {
        var options = WebSocketOptions()
        // The suites send messages of 16 MiB.
        options.messageByteCount = 32 << 20
        options.queuedByteCount = 64 << 20
        // The suite's clients take uncompressed text for another type where compression was agreed on.
        options.compressedByteCount = 0
        options.subprotocols = ["echo"]
        let router = RouterBuilder()
        router.webSocket("/", access: .public, options: options) { socket, _ in
            while let message = await socket.receive() {
                socket.send(message)
                await socket.flush()
            }
        }
        router.webSocket("/small", access: .public) { socket, _ in
            while let message = await socket.receive() { socket.send(message) }
        }
        let group = try EventLoopGroup()
        let hub = Hub<String, WebSocketBroadcast>(group)
        router.webSocket("/topic", access: .public) { socket, _ in
            socket.join("topic", of: hub)
            while let message = await socket.receive() { hub.publish(WebSocketBroadcast(message), to: "topic") }
        }
        let application = try router.build()
        var server = HTTPServer.Options()
        // The benchmark's clients are one address.
        server.limits.connections = 20_000
        server.limits.connectionsPerAddress = 20_000
        let signals = try SignalStream([.terminate])
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let served = HTTPServer(listener: listener, connections: ConnectionSet(group), options: server) { request in
            await application.respond(to: request)
        }
        served.start()
        print("listening on http://127.0.0.1:\(served.port)")
        // Whoever reads through a pipe must not wait for a full buffer.
        fflush(nil)
        _ = await signals.next(on: group.loops[0])
        await served.stop()
        await group.shutdown()
    }
}
