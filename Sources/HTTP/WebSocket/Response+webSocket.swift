import Reactor

/// What takes a connection over once `101 Switching Protocols` has left. A reference, since most answers have none.
final class WebSocketUpgrade {
    let handshake: WebSocketHandshake
    let options: WebSocketOptions
    /// The client, also behind a trusted proxy.
    let remoteAddress: SocketAddress
    let handler: (WebSocket) async throws -> Void

    init(
        handshake: WebSocketHandshake, options: WebSocketOptions, remoteAddress: SocketAddress,
        handler: @escaping (WebSocket) async throws -> Void
    ) {
        self.handshake = handshake
        self.options = options
        self.remoteAddress = remoteAddress
        self.handler = handler
    }
}

extension Response {
    /// Accepts a WebSocket. `handler` runs in the connection's task; when it returns, the conversation ends.
    ///
    /// - Throws: `WebSocketHandshake.Refusal` when the request does not ask for one as RFC 6455 4.2.1 says.
    public static func webSocket(
        _ request: Request, options: WebSocketOptions = WebSocketOptions(),
        _ handler: @escaping (WebSocket) async throws -> Void
    ) throws(WebSocketHandshake.Refusal) -> Response {
        let handshake = try WebSocketHandshake(
            request, subprotocols: options.subprotocols, compresses: options.compressedByteCount != nil)
        var response = Response(status: .switchingProtocols, headers: handshake.responseFields)
        response.upgrade = WebSocketUpgrade(
            handshake: handshake, options: options, remoteAddress: request.remoteAddress, handler: handler)
        return response
    }
}

extension WebSocket {
    /// Holds the conversation from the handler's start to the end of the close handshake.
    ///
    /// - Returns: whether it ended in words, so that the connection can be closed gently.
    func run(_ handler: (WebSocket) async throws -> Void) async -> Bool {
        connection.stopping = { [weak self] in self?.close(.goingAway) }
        if connection.isDraining { close(.goingAway) }
        await withTaskGroup { group in
            group.addTask { await self.runPump() }
            do {
                try await handler(self)
                sendClose(.normal, reason: "")
            } catch {
                sendClose(.internalError, reason: "")
            }
            while await receive() != nil {}
            finish()
        }
        connection.stopping = nil
        return !isLost
    }
}
