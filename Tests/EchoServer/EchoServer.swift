import Glibc
import HTTP
import Reactor
import Web

/// Says every message again. Prints its address as `palco serve` does and stops gently at SIGTERM.
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
        let application = try router.build()
        let group = try EventLoopGroup()
        let signals = try SignalStream([.terminate])
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let server = HTTPServer(listener: listener, connections: ConnectionSet(group)) { request in
            await application.respond(to: request)
        }
        server.start()
        print("listening on http://127.0.0.1:\(server.port)")
        // Whoever reads through a pipe must not wait for a full buffer.
        fflush(nil)
        _ = await signals.next(on: group.loops[0])
        await server.stop()
        await group.shutdown()
    }
}
