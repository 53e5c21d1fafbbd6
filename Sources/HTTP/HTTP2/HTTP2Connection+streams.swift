import Reactor

extension HTTP2Connection {
    func handle(_ event: HTTP2Session.Event) {
        switch event {
        case .request(let head): begin(head)
        case .body(let id, let bytes):
            if let body = streams[id]?.body { body.append(bytes) } else { session.drop(bytes.count) }
        case .bodyEnded(let id): streams[id]?.body?.end()
        case .wanted(let id):
            streams[id]?.expectNothing()
            streams[id]?.wake()
        case .left(let id):
            guard let stream = streams[id] else { return }
            stream.progressed(next: loop.now + limits.writePause)
            stream.wake()
        case .closed(let id, let code):
            if let stream = streams[id] { close(stream, code) }
        case .noticeHeard:
            noticeWasHeard()
            wakeWriter()
        }
    }

    private func begin(_ head: HTTP2RequestHead) {
        // Streams that were reset are not open any more, but what works for them may be at it still.
        guard running.count < HTTP2Session.mostStreams else { return session.reset(head.streamID, .refusedStream) }
        requestCount += 1
        let stream = HTTP2Stream(head, body: head.isWhole ? nil : HTTP2Body(self, head))
        streams[head.streamID] = stream
        var answer: Response?
        if let later = beginAnswer(stream, &answer) {
            return run(stream) { await self.serve(stream, await later()) }
        }
        guard let response = answer else { return session.reset(head.streamID, .internalError) }
        if !head.isWhole || response.upgrade != nil {
            run(stream) { await self.serve(stream, response) }
        } else if !begin(response, on: stream) {
            run(stream) { await self.finish(response, on: stream) }
        }
    }

    /// Works for the stream in a task of its own.
    private func run(_ stream: HTTP2Stream, _ work: @escaping () async -> Void) {
        running[stream.id] = stream
        stream.work = work
        stream.task = Task(executorPreference: loop) {
            await stream.work.take()?()
            self.ended(stream)
        }
    }

    private func beginAnswer(_ stream: HTTP2Stream, _ response: inout Response?) -> HTTPServer.Later? {
        let head = stream.head
        if let refusal = head.refusal {
            refused?(refusal, connection.remoteAddress)
            response = .refusal(refusal)
            return nil
        }
        let source = head.asksForWebSocket ? nil : stream.body
        let body = source.map(RequestBody.init(source:)) ?? RequestBody()
        return responder.answer(
            to: Request(
                method: head.method, target: head.target, headers: head.headers, body: body,
                remoteAddress: connection.remoteAddress, proxyAddress: connection.proxyAddress,
                isSecure: connection.isEncrypted || connection.isSecureBefore, receivedAt: loop.now), &response)
    }

    /// The stream is over for the peer.
    func close(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        streams[stream.id] = nil
        stream.isClosed = true
        stream.expectNothing()
        stream.complete()
        stream.wake()
        stream.endWithPeer()
        stream.outbox.removeAll()
        became(idleIf: streams.isEmpty && running.isEmpty)
    }

    private func ended(_ stream: HTTP2Stream) {
        running[stream.id] = nil
        stream.task = nil
        stream.body?.discard()
        wakeWriter()
        became(idleIf: streams.isEmpty && running.isEmpty)
    }

    private func serve(_ stream: HTTP2Stream, _ response: Response) async {
        if let upgrade = response.upgrade { return await self.upgrade(stream, response, to: upgrade) }
        if !begin(response, on: stream) { await finish(response, on: stream) }
    }

    /// Answers an extended CONNECT and lets the WebSocket have the stream until it is over (RFC 8441 5).
    private func upgrade(_ stream: HTTP2Stream, _ response: Response, to upgrade: WebSocketUpgrade) async {
        guard !stream.isClosed else { return }
        var response = response
        response.status = .ok
        response.headers.remove(.secWebSocketAccept)
        let fields = HTTP2FieldSection(response, byteCount: nil, date: state.date)
        session.answer(stream.id, fields, body: stream.outbox, HTTP2Priority())
        wakeWriter()
        response.completion?(.init(status: response.status, byteCount: 0, isWhole: true))
        let tunnel = HTTP2Tunnel(self, stream)
        stream.tunnel = tunnel
        let socket = WebSocket(
            upgrade, connection: tunnel, state: state, inbound: Inbound(), writePause: limits.writePause)
        let endedInWords = await socket.run(upgrade.handler)
        stream.tunnel = nil
        guard endedInWords, !stream.isClosed else { return cancel(stream) }
        stream.outbox.end()
        session.resume(stream.id)
        wakeWriter()
    }

    /// Nobody works for the stream any more, or it is too slow.
    func cancel(_ stream: HTTP2Stream) {
        guard !stream.isClosed else { return }
        stream.expectNothing()
        session.reset(stream.id, .cancel)
        wakeWriter()
    }

    // MARK: What bodies ask for

    func consume(_ id: Int32, _ byteCount: Int) {
        session.consume(id, byteCount)
        if session.wantsOutput { wakeWriter() }
    }

    func drop(_ byteCount: Int) {
        session.drop(byteCount)
        if session.wantsOutput { wakeWriter() }
    }

    /// - Returns: false when all that may be lent is lent.
    func widen(_ id: Int32, to byteCount: Int, by growth: Int) -> Bool {
        guard state.windowBudget >= growth else { return false }
        state.windowBudget -= growth
        lentWindow += growth
        session.widen(id, to: byteCount)
        wakeWriter()
        return true
    }

    func giveBackWindow(_ byteCount: Int) {
        guard byteCount > 0 else { return }
        state.windowBudget += byteCount
        lentWindow -= byteCount
        if lentWindow == 0 { session.narrow() }
    }

    func invite(_ id: Int32) {
        session.inform(id, HTTP2FieldSection(status: .continue))
        wakeWriter()
    }
}
