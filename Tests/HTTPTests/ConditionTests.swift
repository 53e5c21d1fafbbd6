import Testing

@testable import HTTP

@Suite("Conditions and ranges of a request")
struct ConditionTests {
    static func answer(_ fields: HeaderFields, method: Request.Method = .get) -> Response {
        var response = Response.bytes(Array("0123456789".utf8), type: "text/plain")
        response.headers[.etag] = "\"v1\""
        response.headers[.lastModified] = "Sun, 06 Nov 1994 08:49:37 GMT"
        response.headers[.acceptRanges] = "bytes"
        response.applyConditions(of: Request(method: method, target: "/", headers: fields))
        return response
    }

    @Test("a representation that the client has is not sent again")
    func notModified() async throws {
        let response = Self.answer([.ifNoneMatch: "\"v0\", W/\"v1\""])
        #expect(response.status == .notModified)
        #expect(response.headers[.etag] == "\"v1\"")
        #expect(response.headers[.contentType] == nil)
        #expect(try await response.collect().isEmpty)
        #expect(Self.answer([.ifNoneMatch: "\"v0\""]).status == .ok)
        #expect(Self.answer([.ifModifiedSince: "Sun, 06 Nov 1994 08:49:37 GMT"]).status == .notModified)
        #expect(Self.answer([.ifModifiedSince: "Sun, 06 Nov 1994 08:49:36 GMT"]).status == .ok)
        let both: HeaderFields = [.ifNoneMatch: "\"v0\"", .ifModifiedSince: "Sun, 06 Nov 1994 08:49:37 GMT"]
        #expect(Self.answer(both).status == .ok)
    }

    @Test("one range is a part")
    func single() async throws {
        let response = Self.answer([.range: "bytes=2-4"])
        #expect(response.status == .partialContent)
        #expect(response.headers[.contentRange] == "bytes 2-4/10")
        #expect(try await response.collect() == Array("234".utf8))
        #expect(Self.answer([.range: "bytes=2-4"], method: .head).headers[.contentRange] == "bytes 2-4/10")
    }

    @Test("several ranges are a multipart body")
    func several() async throws {
        let response = Self.answer([.range: "bytes=0-0,-2"])
        #expect(response.status == .partialContent)
        let type = try #require(response.headers[.contentType])
        #expect(type.hasPrefix("multipart/byteranges; boundary="))
        let boundary = type.dropFirst("multipart/byteranges; boundary=".count)
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(
            text == "\r\n--\(boundary)\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/10\r\n\r\n0"
                + "\r\n--\(boundary)\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
                + "\r\n--\(boundary)--\r\n")
    }

    @Test("a range behind the end is not satisfiable")
    func unsatisfiable() async throws {
        let response = Self.answer([.range: "bytes=10-"])
        #expect(response.status == .rangeNotSatisfiable)
        #expect(response.headers[.contentRange] == "bytes */10")
        #expect(try await response.collect().isEmpty)
    }

    @Test(
        "If-Range sends the whole when the client's part is of another representation",
        arguments: [
            ("\"v1\"", Response.Status.partialContent), ("\"v0\"", .ok), ("W/\"v1\"", .ok), ("nonsense", .ok),
            ("Sun, 06 Nov 1994 08:49:37 GMT", .partialContent), ("Sun, 06 Nov 1994 08:49:38 GMT", .ok),
        ])
    func ifRange(condition: String, status: Response.Status) {
        #expect(Self.answer([.range: "bytes=0-1", .ifRange: condition]).status == status)
    }

    @Test("unsafe methods have no ranges")
    func unsafeMethod() {
        #expect(Self.answer([.range: "bytes=0-1", .ifNoneMatch: "*"], method: .post).status == .ok)
    }
}
