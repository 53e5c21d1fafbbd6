import Testing

@testable import HTTP

@Suite("Request parser")
struct RequestParserTests {
    static let pipeline = """
        GET /a?b=c HTTP/1.1\r\nHost: x\r\nEmpty:\r\nPadded:   v  \r\n\r\n\
        POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\
        POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n\
        HEAD / HTTP/1.1\r\nhost: x\r\nConnection: close\r\n\r\n
        """

    @Test("requests are the same whole, byte by byte and cut at every offset")
    func dripFeed() throws {
        let bytes = Array(Self.pipeline.utf8)
        let whole = try ParsedRequest.all(in: [bytes])
        #expect(whole.map(\.line) == ["GET /a?b=c", "POST /b", "POST /c", "HEAD /"])
        #expect(whole.map { String(decoding: $0.body, as: UTF8.self) } == ["", "hello", "abcdefgh", ""])
        #expect(whole[0].headers == "Host: x\r\nEmpty: \r\nPadded: v\r\n")
        #expect(whole.map(\.keepsAlive) == [true, true, true, false])
        #expect(try ParsedRequest.all(in: bytes.map { [$0] }) == whole)
        for cut in 1..<bytes.count {
            #expect(try ParsedRequest.all(in: [Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
        }
    }

    @Test(
        "what proxies and servers could read differently is refused",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\rX: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX\u{1}: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\u{0}z\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nnovalue\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;\n\r\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n",
            "get / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ])
    func hostile(text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: RequestParserError.self) { try ParsedRequest.all(in: [bytes]) }
        #expect(throws: RequestParserError.self) { try ParsedRequest.all(in: bytes.map { [$0] }) }
    }

    @Test("a version that is not 1.x is refused as such", arguments: ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/1.2"])
    func version(_ version: String) {
        #expect(throws: RequestParserError.versionNotSupported) {
            try ParsedRequest.all(in: "GET / \(version)\r\nHost: a\r\n\r\n")
        }
    }

    @Test("a head may have 16 KiB, 100 fields and a URL of 8 KiB, and no more")
    func limits() throws {
        func head(url: Int = 1, fields: Int = 1, value: Int = 1) -> String {
            "GET /\(String(repeating: "a", count: url - 1)) HTTP/1.1\r\nHost: a\r\n"
                + String(repeating: "X: \(String(repeating: "v", count: value))\r\n", count: fields - 1) + "\r\n"
        }
        #expect(try ParsedRequest.all(in: head(url: 8192)).count == 1)
        #expect(throws: RequestParserError.uriTooLong) { try ParsedRequest.all(in: head(url: 8193)) }
        #expect(try ParsedRequest.all(in: head(fields: 100)).count == 1)
        #expect(throws: RequestParserError.headTooLarge) { try ParsedRequest.all(in: head(fields: 101)) }
        #expect(try ParsedRequest.all(in: head(fields: 2, value: 16_000)).count == 1)
        #expect(throws: RequestParserError.headTooLarge) { try ParsedRequest.all(in: head(fields: 2, value: 17_000)) }
        #expect(throws: RequestParserError.headTooLarge) {
            try ParsedRequest.all(in: String(repeating: "\r\n", count: 20_000))
        }
    }

    @Test("extensions of chunks and trailers cannot grow without end")
    func framingLimit() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(throws: RequestParserError.self) {
            try ParsedRequest.all(in: head + "1;" + String(repeating: "a", count: 30_000) + "\r\n")
        }
        #expect(throws: RequestParserError.self) {
            try ParsedRequest.all(in: head + "0\r\n" + String(repeating: "T: v\r\n", count: 9_000))
        }
    }

    @Test("a request for a proxy counts by its path")
    func absoluteForm() throws {
        let request = { (target: String) in
            try ParsedRequest.all(in: "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").first?.line
        }
        #expect(try request("http://a:80/b?c") == "GET /b?c")
        #expect(try request("HTTPS://a") == "GET /")
        #expect(try request("http://a?b") == "GET /?b")
        #expect(try request("*") == "GET *")
    }

    @Test("asking for another protocol changes nothing")
    func upgrade() throws {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        #expect(try ParsedRequest.all(in: text + text).count == 2)
        #expect(try ParsedRequest.all(in: "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n").first?.line == "CONNECT a:1")
    }

    @Test("HTTP/1.0 keeps the connection only when asked")
    func oldVersion() throws {
        #expect(try ParsedRequest.all(in: "GET / HTTP/1.0\r\n\r\n").first?.keepsAlive == false)
        #expect(try ParsedRequest.all(in: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").first?.keepsAlive == true)
    }
}
