import FoundationEssentials
import Reactor
import Synchronization
import Testing

@testable import HTTPClient
@testable import TestSupport

/// Against OpenSSL's own test server with certificates that were made for this run.
@Suite("Whom the client trusts")
struct TLSTests {
    private static let openssl = "/usr/bin/openssl"

    /// A certificate for `video.example` and an authority that issued it.
    private func makeCertificates(in folder: TemporaryFolder, on loop: EventLoop) async throws {
        let root = folder.path
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try await run(
            ["req", "-x509"] + key + [
                "-keyout", root + "/ca.key", "-out", root + "/ca.pem", "-subj", "/CN=Palco test authority", "-days",
                "2",
            ], on: loop)
        try await run(
            ["req", "-x509", "-CA", root + "/ca.pem", "-CAkey", root + "/ca.key"] + key + [
                "-keyout", root + "/server.key", "-out", root + "/server.pem", "-subj", "/CN=video.example", "-addext",
                "subjectAltName=DNS:video.example", "-addext", "basicConstraints=critical,CA:FALSE", "-days", "2",
            ], on: loop)
    }

    private func run(_ arguments: [String], on loop: EventLoop) async throws {
        let result = try await ChildProcess.run(
            .init(executable: Self.openssl, arguments: arguments, environment: ["PATH=/usr/bin"]), on: loop)
        #expect(result.isSuccess, "\(String(decoding: result.errorTail, as: UTF8.self))")
    }

    /// Starts OpenSSL's server, hands its port to `body`, and ends it.
    private func withServer(
        in folder: TemporaryFolder, _ options: [String] = [], on loop: EventLoop, _ body: (Int) async throws -> Void
    ) async throws {
        let root = folder.path
        let arguments = ["s_server", "-accept", "127.0.0.1:0", "-cert", root + "/server.pem", "-www"]
        try await withProgram(
            .init(
                executable: Self.openssl, arguments: arguments + ["-key", root + "/server.key"] + options,
                environment: ["PATH=/usr/bin"]), on: loop, body)
    }

    /// Runs a server that tells its port at the end of its first line.
    private func withProgram(
        _ program: ChildProcess.Configuration, on loop: EventLoop, _ body: (Int) async throws -> Void
    ) async throws {
        let output = Pieces<[UInt8]>([])
        let server = Task { try await ChildProcess.run(program, on: loop) { output.append($0) } }
        let result: Result<Void, any Error>
        do {
            var port: Int?
            try await eventually("the server tells its port") {
                let text = String(decoding: output.all.flatMap { $0 }, as: UTF8.self)
                port = text.firstMatch(of: /127\.0\.0\.1:(\d+)\n/).flatMap { Int($0.1) }
                return port != nil
            }
            result = .success(try await body(try #require(port)))
        } catch { result = .failure(error) }
        server.cancel()
        // Until it is reaped: a zombie would keep the exit tests of other suites from seeing their children's ends.
        _ = await server.result
        try result.get()
    }

    @Test("A known authority and the right name; another authority, another name and an old protocol are refused")
    func trust() async throws {
        let folder = try TemporaryFolder()
        try await ClientHouse.run { (house) async throws in
            let loop = house.group.loops[0]
            try await makeCertificates(in: folder, on: loop)
            try await withServer(in: folder, on: loop) { port in
                let names = ["video.example:\(port):127.0.0.1", "other.example:\(port):127.0.0.1"]
                try await ClientHouse.run(resolving: names, authorities: folder.path + "/ca.pem") {
                    (house) async throws in
                    let answer = try await house.fetch(ClientRequest(url: "https://video.example:\(port)/"))
                    #expect(answer.status == 200 && answer.text.contains("TLSv1.3"))
                    for host in ["other.example", "127.0.0.1"] {
                        let request = ClientRequest(url: "https://\(host):\(port)/")
                        #expect(try await house.failure(of: request) == .untrustedServer, "\(host)")
                    }
                }
                try await ClientHouse.run(resolving: names) { (house) async throws in
                    let request = ClientRequest(url: "https://video.example:\(port)/")
                    #expect(try await house.failure(of: request) == .untrustedServer)
                }
            }
            try await withServer(in: folder, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], on: loop) { port in
                try await ClientHouse.run(
                    resolving: ["video.example:\(port):127.0.0.1"], authorities: folder.path + "/ca.pem"
                ) { (house) async throws in
                    let request = ClientRequest(url: "https://video.example:\(port)/")
                    #expect(try await house.failure(of: request) == .handshakeFailed)
                }
            }
        }
    }

    /// Answers with the version of HTTP and the length of the request's body.
    private static let multiplexing = """
        import http2 from "node:http2";
        import fs from "node:fs";
        const read = (name) => fs.readFileSync(Deno.args[0] + "/server." + name);
        const server = http2.createSecureServer({ allowHTTP1: true, key: read("key"), cert: read("pem") }, (req, res) => {
          let count = 0;
          req.on("data", (piece) => count += piece.length);
          req.on("end", () => res.end(req.httpVersion + " " + count));
        });
        server.listen(0, "127.0.0.1", () => console.log("127.0.0.1:" + server.address().port));
        """

    @Test("HTTP/2 is spoken where the server has it, and HTTP/1.1 where the answer may be large")
    func versions() async throws {
        let folder = try TemporaryFolder()
        let script = folder.path + "/server.mjs"
        try Self.multiplexing.write(toFile: script, atomically: true, encoding: .utf8)
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let deno = ChildProcess.Configuration(
            executable: root + "/.build/tools/bin/deno",
            arguments: ["run", "--quiet", "--no-remote", "--allow-net", "--allow-read", script, folder.path],
            environment: ["PATH=/usr/bin", "DENO_DIR=" + folder.path, "DENO_NO_UPDATE_CHECK=1"])
        try await ClientHouse.run { (house) async throws in
            let loop = house.group.loops[0]
            try await makeCertificates(in: folder, on: loop)
            try await withProgram(deno, on: loop) { port in
                try await ClientHouse.run(
                    resolving: ["video.example:\(port):127.0.0.1"], authorities: folder.path + "/ca.pem"
                ) { (house) async throws in
                    let size = 3 << 20
                    let pieces = Pieces([String](repeating: String(repeating: "a", count: 1 << 14), count: size >> 14))
                    var request = ClientRequest(method: .post, url: "https://video.example:\(port)/")
                    for body: ClientRequest.Body in [
                        .bytes([UInt8](repeating: 3, count: size)),
                        .stream(byteCount: nil, pieces.next),
                    ] {
                        request.body = body
                        #expect(try await house.fetch(request).text == "2.0 \(size)")
                    }
                    request.body = .none
                    let texts = try await withThrowingTaskGroup(of: String.self) { tasks in
                        for _ in 0..<40 { tasks.addTask { [request] in try await house.fetch(request).text } }
                        return try await tasks.reduce(into: Set<String>()) { $0.insert($1) }
                    }
                    #expect(texts == ["2.0 0"])
                    request.maxBodyBytes = 1 << 30
                    #expect(try await house.fetch(request).text == "1.1 0")
                    let many = Pieces([String](repeating: String(repeating: "a", count: 1 << 20), count: 5))
                    request.maxBodyBytes = 1 << 20
                    request.body = .stream(byteCount: 5 << 20, many.next)
                    #expect(try await house.fetch(request).text == "1.1 \(5 << 20)")
                }
            }
        }
    }
}
