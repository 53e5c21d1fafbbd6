import FoundationEssentials
import HTTP
import Testing

@testable import Web

@Suite("JSON, forms and cookies")
struct BodyTests {
    struct Video: Codable, Equatable {
        var videoTitle: String
        var createdAt: Date
        var tagList: [String]?
    }

    static func request(_ body: String, type: String = "application/json") -> Request {
        Request(method: .post, target: "/", headers: [.contentType: type], body: RequestBody(body))
    }

    @Test("values are snake_case with times in UTC")
    func encoding() async throws {
        let video = Video(videoTitle: "a/b", createdAt: Date(timeIntervalSince1970: 1.5), tagList: nil)
        let response = try Response.json(video, status: .created)
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(text.contains(#""video_title":"a/b""#))
        #expect(text.contains(#""created_at":"1970-01-01T00:00:01.500Z""#))
        #expect(try await Self.request(text).decode(Video.self) == video)
    }

    @Test(
        "times are read with any offset and precision",
        arguments: ["1970-01-01T00:00:01.5Z", "1970-01-01T01:00:01.500+01:00", "1970-01-01T00:00:01.500000Z"])
    func times(text: String) {
        #expect(InternetTime(parsing: text)?.date.timeIntervalSince1970 == 1.5)
    }

    @Test(
        "what does not fit is told by field",
        arguments: [
            (#"{"created_at":"1970-01-01T00:00:00Z"}"#, "video_title", "required"),
            (#"{"video_title":1,"created_at":"1970-01-01T00:00:00Z"}"#, "video_title", "wrong_type"),
            (#"{"video_title":null,"created_at":"1970-01-01T00:00:00Z"}"#, "video_title", "required"),
            (#"{"video_title":"a","created_at":"yesterday"}"#, "created_at", "invalid"),
            (#"{"video_title":"a","created_at":"1970-01-01T00:00:00Z","tag_list":[1]}"#, "tag_list.0", "wrong_type"),
        ])
    func fieldErrors(json: String, field: String, code: String) async throws {
        let problem = try await #require(throws: Problem.self) { try await Self.request(json).decode(Video.self) }
        #expect(problem.status == .unprocessableContent)
        #expect(problem.errors.map(\.field) == [field])
        #expect(problem.errors.map(\.code) == [code])
    }

    @Test("what is no JSON is 400, another type 415, too deep or too large is refused")
    func refusedBodies() async throws {
        for text in ["", "{", "nonsense", "{\"a\":1}}"] {
            let problem = try await #require(throws: Problem.self) { try await Self.request(text).decode(Video.self) }
            #expect(problem.code == "malformed_json")
        }
        let other = try await #require(throws: Problem.self) {
            try await Self.request("{}", type: "text/plain").decode(Video.self)
        }
        #expect(other.status == .unsupportedMediaType)
        let deep = String(repeating: "[", count: 10_000)
        await #expect(throws: JSONInputError.tooDeep(limit: 32)) { try await Self.request(deep).decode(Video.self) }
        await #expect(throws: RequestBodyError.tooLarge(limit: 10)) {
            try await Self.request("{\"video_title\":1}").decode(Video.self, limit: 10)
        }
    }

    @Test("brackets in strings are no nesting")
    func depthOfStrings() throws {
        try JSONDepth.check(Array(("\"" + String(repeating: "[\\\"{", count: 100) + "\"").utf8))
        try JSONDepth.check(Array(String(repeating: "[]", count: 1000).utf8))
    }

    @Test("cookies are read leniently and written strictly")
    func cookies() {
        let cookies = Cookies(parsing: "a=1; b=\"two\"; broken; c=x=y; a=2;  =z; d=")
        #expect(cookies["a"] == "1")
        #expect(cookies["b"] == "two")
        #expect(cookies["c"] == "x=y")
        #expect(cookies["d"] == "")
        #expect(cookies["broken"] == nil)
        let request = Request(target: "/", headers: ["Cookie": "a=1; b=\"two\"; broken; c=x=y; a=2;  =z; d=; e"])
        for name in ["a", "b", "c", "d", "e", "broken", "", "A"] {
            #expect(request.cookie(name) == request.cookies[name], "\(name)")
        }
        let many = Request(target: "/", headers: ["Cookie": (0..<70).map { "c\($0)=\($0)" }.joined(separator: ";")])
        #expect(many.cookie("c63") == "63" && many.cookies["c63"] == "63")
        #expect(many.cookie("c64") == nil && many.cookies["c64"] == nil)
        var response = Response.noContent
        response.set(Cookie(name: "s", value: "a b;\r\n", maxAge: .seconds(60), isSecure: true))
        response.set(Cookie(name: "t", value: "x", maxAge: .seconds(-5), isHTTPOnly: false, sameSite: .strict))
        #expect(
            response.headers.values(of: .setCookie) == [
                "s=a%20b%3B%0D%0A; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
                "t=x; Path=/; Max-Age=0; SameSite=Strict",
            ])
    }
}
