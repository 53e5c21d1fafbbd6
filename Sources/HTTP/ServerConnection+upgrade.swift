import Reactor

extension ServerConnection {
    /// Says `101 Switching Protocols` and lets the WebSocket have the connection until it is over.
    ///
    /// - Returns: false: no request follows.
    func upgrade(_ response: Response, to upgrade: WebSocketUpgrade) async throws -> Bool {
        // Messages that came before the peer left are worked on to their end.
        connection.endsWithPeer = false
        // HTTP/1.0 knows no upgrades (RFC 9110 7.8).
        guard !parser.isHTTP10 else {
            return try await send(Response(status: .upgradeRequired), body: nil)
        }
        ResponseHead.write(
            response, framing: .upgrade, keepsAlive: true, isHTTP10: false, date: state.date, to: &outbound)
        try await flush()
        // The socket sends for itself from now on.
        state.giveBack(outbound)
        outbound = []
        response.completion?(.init(status: response.status, byteCount: 0, isWhole: true))
        let socket = WebSocket(
            upgrade, connection: connection, state: state, inbound: inbound.take(), sawEnd: sawEnd,
            writePause: limits.writePause)
        counts?.update { $0.change(from: .http1, to: .webSocket) }
        defer { counts?.update { $0.change(from: .webSocket, to: .http1) } }
        guard await socket.run(upgrade.handler) else { throw ConnectionError.closed }
        return false
    }
}
