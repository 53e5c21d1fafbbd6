import Reactor

extension HTTP1Connection {
    /// Waits for an answer in a task of its own. What a task needed once on its way it keeps to its end, several kilobytes
    /// here, and the connection's task may go on for hours with a WebSocket that needs none of it.
    @inline(never)
    func apart(_ work: @escaping () async -> Response) async -> Response {
        let question = Question(work)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { question.answer = await question.work() }
        }
        return question.answer
    }

    /// Both tasks are on the connection's loop, and one waits for the other.
    private final class Question: @unchecked Sendable {
        let work: () async -> Response
        var answer = Response(status: .internalServerError)

        init(_ work: @escaping () async -> Response) { self.work = work }
    }

    /// Says `101 Switching Protocols`; the connection is the WebSocket's from then on.
    ///
    /// - Returns: false: no request follows.
    func say(_ response: Response, before upgrade: WebSocketUpgrade) async throws -> Bool {
        // Messages that came before the peer left are worked on to their end.
        connection.endsWithPeer = false
        // HTTP/1.0 knows no upgrades (RFC 9110 7.8).
        guard !parser.isHTTP10 else {
            return try await send(Response(status: .upgradeRequired), body: nil)
        }
        ResponseEncoder.upgrade.writeHead(of: response, date: state.date, to: &outbound)
        try await flush()
        // The socket sends for itself from now on.
        giveBackOutbound()
        response.completion?(.init(status: response.status, byteCount: 0, isWhole: true))
        let socket = WebSocket(
            upgrade, connection: connection, state: state, inbound: inbound.handOver(),
            writePause: limits.writePause)
        successor = (socket, upgrade.handler)
        return false
    }
}
