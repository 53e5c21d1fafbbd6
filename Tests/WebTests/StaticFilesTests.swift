import HTTP
import Testing

@testable import Web

@Suite("Static files")
struct StaticFilesTests {
    static let files = StaticFiles([
        ("index.html", Array("<script src=\"{{assets}}/app.js\"></script>".utf8)),
        ("app.js", Array(String(repeating: "play();\n", count: 500).utf8)),
        ("img/a.png", [0x89, 0x50]),
        ("service-worker.js", Array("const assets = '{{assets}}';".utf8)),
    ])

    static func client() throws -> InProcessClient {
        let router = RouterBuilder()
        files.register(on: router)
        router.get("/", access: .public) { request, _ in try files.page("index.html", for: request) }
        return InProcessClient(try router.build())
    }

    @Test("a page names files by the hash of all, and is asked for again each time")
    func page() async throws {
        let client = try Self.client()
        let page = try await client.get("/")
        #expect(page.text == "<script src=\"\(Self.files.prefix)/app.js\"></script>")
        #expect(page.headers[.cacheControl] == "no-cache")
        let tag = try #require(page.headers[.etag])
        let unchanged = try await client.get("/", headers: [.ifNoneMatch: tag])
        #expect(unchanged.status == .notModified)
        #expect(!unchanged.headers.contains(.contentSecurityPolicy), "it would replace the stored page's policy")
    }

    @Test("a service worker names the version of the files as pages do")
    func worker() async throws {
        let worker = try await Self.client().get("\(Self.files.prefix)/service-worker.js")
        #expect(worker.text == "const assets = '\(Self.files.prefix)';")
    }

    @Test("a file under its hash is cached for good, compressed when the client takes it")
    func file() async throws {
        let client = try Self.client()
        let plain = try await client.get("\(Self.files.prefix)/app.js")
        #expect(plain.text == String(repeating: "play();\n", count: 500))
        #expect(plain.headers[.cacheControl] == "public, max-age=31536000, immutable")
        #expect(plain.headers[.contentType] == "text/javascript; charset=utf-8")
        #expect(plain.headers.values(of: .vary) == ["Accept-Encoding"])
        let packed = try await client.get("\(Self.files.prefix)/app.js", headers: [.acceptEncoding: "br, gzip"])
        #expect(packed.headers[.contentEncoding] == "gzip")
        #expect(packed.body.count < 100)
        #expect(packed.headers[.etag] != plain.headers[.etag])
        #expect(try await client.get("\(Self.files.prefix)/img/a.png").headers[.contentType] == "image/png")
    }

    @Test("a file of an older tree is the new one, uncached")
    func olderTree() async throws {
        #expect(try await Self.client().get("/assets/0123/app.js").headers[.cacheControl] == "no-cache")
    }

    @Test(
        "only files of the folder are served",
        arguments: [
            "/../Package.swift", "/%2e%2e/Package.swift", "/img", "/img/", "/index.html", "/img/..%2fapp.js", "/none",
        ])
    func outside(path: String) async throws {
        #expect(try await Self.client().get(Self.files.prefix + path).status == .notFound)
    }

    @Test("another content is another hash")
    func hashes() {
        #expect(StaticFiles([("a", [1])]).prefix != StaticFiles([("a", [2])]).prefix)
        #expect(StaticFiles([("a", [1])]).prefix != StaticFiles([("b", [1])]).prefix)
        #expect(StaticFiles([("a", [1]), ("b", [])]).prefix != StaticFiles([("a", []), ("b", [1])]).prefix)
    }
}
