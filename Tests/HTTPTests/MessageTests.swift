import Testing

@testable import HTTP

@Suite("Ranges, tags, dates and encodings")
struct MessageTests {
    @Test(
        "a range field is applied to a length of 100",
        arguments: [
            ("bytes=0-9", ByteRange.some([0..<10])), ("bytes=90-", .some([90..<100])), ("bytes=-5", .some([95..<100])),
            ("bytes=-500", .some([0..<100])), ("bytes=50-999", .some([50..<100])), ("BYTES=1-1", .some([1..<2])),
            ("bytes=0-0,99-99", .some([0..<1, 99..<100])), ("bytes= 0-1 , 5-6", .some([0..<2, 5..<7])),
            ("bytes=5-6,0-1", .some([5..<7, 0..<2])), ("bytes=0-10,5-20", .some([0..<21])),
            ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=200-300,400-", .unsatisfiable),
            ("bytes=99999999999999999999-", .unsatisfiable), ("bytes=0-99999999999999999999", .some([0..<100])),
            ("bytes=9-0", .whole), ("bytes=", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole),
            ("items=0-1", .whole),
            ("bytes=0-1,x", .whole), ("bytes=+1-2", .whole), ("bytes=1--2", .whole), ("", .whole),
            ("bytes=" + Array(repeating: "0-1", count: 17).joined(separator: ","), .whole),
        ])
    func ranges(field: String, expected: ByteRange) {
        #expect(ByteRange(parsing: field, length: 100) == expected)
    }

    @Test("nothing of an empty representation can be sent")
    func emptyRange() {
        #expect(ByteRange(parsing: "bytes=0-", length: 0) == .unsatisfiable)
        #expect(ByteRange(parsing: "bytes=-1", length: 0) == .unsatisfiable)
    }

    @Test(
        "a tag is found in a list",
        arguments: [
            ("\"a\"", true), ("\"b\", \"a\"", true), ("W/\"a\"", true), ("*", true), (" * ", true),
            ("\"x,\",\"a\"", true),
            ("a", false), ("\"ab\"", false), ("", false), ("w/\"a\"", false), ("\"a", false),
        ])
    func tags(field: String, listed: Bool) {
        #expect(EntityTag("a").isListed(in: field, weakly: true) == listed)
    }

    @Test("strong comparison refuses weak tags")
    func strongTags() {
        #expect(!EntityTag("a", isWeak: true).isListed(in: "\"a\"", weakly: false))
        #expect(EntityTag("a").isListed(in: "\"a\"", weakly: false))
        #expect(EntityTag("a\"\r\n b").description == "\"ab\"")
    }

    @Test(
        "dates are written and read",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ])
    func dates(seconds: Int, text: String) {
        #expect(HTTPDate(secondsSince1970: seconds).description == text)
        #expect(HTTPDate(parsing: text)?.secondsSince1970 == seconds)
    }

    @Test(
        "what is no date is none",
        arguments: ["", "Sunday", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"])
    func noDate(text: String) {
        #expect(HTTPDate(parsing: text) == nil)
    }

    @Test("percent-encoding goes both ways and refuses what is broken")
    func percent() {
        #expect(PercentEncoding.encode("a b/é?") == "a%20b%2F%C3%A9%3F")
        #expect(PercentEncoding.decode("a%20b%2F%C3%A9+".utf8) == "a b/é+")
        #expect(PercentEncoding.decode("a+b".utf8, plusIsSpace: true) == "a b")
        for broken in ["%", "%2", "%zz", "%ff", "%00"] { #expect(PercentEncoding.decode(broken.utf8) == nil) }
    }

    @Test("a query gives its parameters in order")
    func query() {
        let query = Request(target: "/a?x=1&y=a%20b+c&x=2&flag&=v&bad=%zz&e=").query
        #expect(query["x"] == "1")
        #expect(query.values(of: "x") == ["1", "2"])
        #expect(query["y"] == "a b c")
        #expect(query["flag"] == "")
        #expect(query["bad"] == nil)
        #expect(query["e"] == "")
        #expect(Request(target: "/a").query.isEmpty)
        #expect(QueryParameters(parsing: String(repeating: "a=1&", count: 1000)).pairs.count == 256)
    }

    @Test(
        "gzip is used when it is allowed",
        arguments: [
            ("gzip", true), ("br, gzip;q=0.5", true), ("*", true), ("gzip;q=0", false), ("*;q=0", false), ("br", false),
            ("", false), ("gzip;q=0, *", false), ("GZIP", true),
        ])
    func acceptsGzip(field: String, accepted: Bool) {
        #expect(Gzip.isAccepted(by: field) == accepted)
    }

    @Test("what was compressed is expanded to what it was, and to nothing else")
    func expandsGzip() throws {
        let bytes = Array(String(repeating: "one and another; ", count: 1000).utf8)
        let compressed = try #require(Gzip.compress(bytes))
        #expect(compressed.count < bytes.count / 10)
        #expect(Gzip.expand(compressed, to: bytes.count) == bytes)
        #expect(Gzip.expand(compressed, to: bytes.count - 1) == nil)
        #expect(Gzip.expand(compressed, to: bytes.count + 1) == nil)
        #expect(Gzip.expand(Array(compressed.dropLast()), to: bytes.count) == nil)
        #expect(Gzip.expand([1, 2, 3], to: 3) == nil)
    }

    @Test("text is compressed, small or secret text is not")
    func compression() throws {
        let text = String(repeating: "palco ", count: 1000)
        let request = Request(target: "/", headers: [.acceptEncoding: "gzip"])
        var response = Response.text(text)
        response.headers[.etag] = "\"a\""
        response.compressIfUseful(for: request)
        #expect(response.headers[.contentEncoding] == "gzip")
        #expect(response.headers[.vary] == "Accept-Encoding")
        #expect(response.headers[.etag] == "W/\"a\"")
        #expect(try #require(response.body.byteCount) < 200)

        var secret = Response.text(text)
        secret.headers[.cacheControl] = "no-store"
        secret.compressIfUseful(for: request)
        #expect(secret.headers[.contentEncoding] == nil)
        var twice = Response.text(text)
        twice.headers[.cacheControl] = "private"
        twice.headers.append(.cacheControl, "no-store")
        twice.compressIfUseful(for: request)
        #expect(twice.headers[.contentEncoding] == nil)
        var small = Response.text("palco")
        small.compressIfUseful(for: request)
        #expect(small.headers[.contentEncoding] == nil)
        var plain = Response.text(text)
        plain.compressIfUseful(for: Request(target: "/"))
        #expect(plain.headers[.contentEncoding] == nil)
        #expect(plain.headers[.vary] == "Accept-Encoding")
    }
}
