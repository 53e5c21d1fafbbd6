import HTTP
import Reactor
import TLS
import Testing

@testable import TestSupport

@Suite("What goes on after the answer, through TLS")
struct WebSocketTests {
    @Test("a WebSocket says messages again and closes")
    func echo() async throws {
        let authority = try await TestAuthority()
        let context = try HandshakeTests.context(try await authority.issue("a", for: "DNS:a.example"))
        let handler: HTTPServer.Handler = { request in
            let response = try? Response.webSocket(request, options: WebSocketOptions()) { socket in
                while let message = await socket.receive() { socket.send(message) }
            }
            return response ?? Response(status: .upgradeRequired)
        }
        try await TLSServer.run(authority, context: { context }, handler: handler) { server in
            let handshake =
                "GET /socket HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            // Masked with zeros.
            let text: [UInt8] = [0x81, 0x85, 0, 0, 0, 0] + Array("Hello".utf8)
            let close: [UInt8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]
            let answer = try await server.exchange(Array(handshake.utf8) + text + close)
            #expect(answer.starts(with: "HTTP/1.1 101 Switching Protocols\r\n".utf8))
            #expect(answer.suffix(11).elementsEqual([0x81, 5] + Array("Hello".utf8) + [0x88, 2, 0x03, 0xE8]))
        }
    }

    @Test("a streamed answer comes in pieces to its end")
    func stream() async throws {
        let authority = try await TestAuthority()
        let context = try HandshakeTests.context(try await authority.issue("a", for: "DNS:a.example"))
        let handler: HTTPServer.Handler = { _ in
            Response(
                body: .stream(byteCount: nil) { writer in
                    for number in 0..<1000 { try await writer.write("\(number) ") }
                })
        }
        try await TLSServer.run(authority, context: { context }, handler: handler) { server in
            let answer = String(decoding: try await server.exchange(Array(TLSServer.request.utf8)), as: UTF8.self)
            #expect(answer.contains("0 \r\n2\r\n1 \r\n"))
            #expect(answer.hasSuffix("4\r\n999 \r\n0\r\n\r\n"))
        }
    }
}
