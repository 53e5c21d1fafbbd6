import Glibc
import HTTP
import Reactor
import TLS
import Testing

@testable import TestSupport

@Suite("A hundred megabytes through TLS")
struct LargeBodyTests {
    static let byteCount = 100 << 20

    /// A file in which no two megabytes are alike.
    static func makeFilm(at path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        var generator = SystemRandomNumberGenerator()
        var words = (0..<(1 << 17)).map { _ in generator.next() }
        for number in 0..<(byteCount >> 20) {
            words[number] = UInt64(number)
            let written = words.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            try #require(written == 1 << 20)
        }
    }

    /// Gives the film in pieces as asked, and writes what is sent to `copy`.
    static func handler(film: String, copy: String) -> HTTPServer.Handler {
        { request in
            guard request.method == .put else {
                guard let file = try? OpenFile(path: film) else { return Response(status: .notFound) }
                var response = Response.file(file, type: "video/mp4")
                response.applyConditions(of: request)
                return response
            }
            let descriptor = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            defer { close(descriptor) }
            do {
                while let piece = try await request.body.next() { write(descriptor, piece, piece.count) }
            } catch {
                return Response(status: .badRequest)
            }
            return .text("taken")
        }
    }

    @Test("arrive as they were sent: whole, a range of them, and on the way up", arguments: ["1.2", "1.3"])
    func bytes(version: String) async throws {
        let authority = try await TestAuthority()
        let context = try HandshakeTests.context(try await authority.issue("a", for: "DNS:a.example"))
        let folder = authority.folder.path
        let (film, copy) = (folder + "/film", folder + "/copy")
        try Self.makeFilm(at: film)
        let handler = Self.handler(film: film, copy: copy)
        try await TLSServer.run(authority, context: { context }, handler: handler) { server in
            let curl = [
                "--silent", "--show-error", "--fail", "--cacert", authority.path, "--tlsv\(version)", "--tls-max",
                version,
                "--resolve", "a.example:\(server.server.port):127.0.0.1",
                "https://a.example:\(server.server.port)/film",
            ]
            _ = try await authority.tool("/usr/bin/curl", curl + ["-o", folder + "/whole"])
            _ = try await authority.tool("/usr/bin/cmp", [film, folder + "/whole"])

            let range = 1_000_003...99_999_999
            _ = try await authority.tool(
                "/usr/bin/curl", curl + ["-r", "\(range.lowerBound)-\(range.upperBound)", "-o", folder + "/part"])
            let sizes = try await authority.tool("/usr/bin/stat", ["--format=%s", folder + "/part"])
            #expect(sizes == "\(range.count)\n")
            _ = try await authority.tool(
                "/usr/bin/cmp",
                ["--ignore-initial=\(range.lowerBound):0", "--bytes=\(range.count)", film, folder + "/part"])

            #expect(try await authority.tool("/usr/bin/curl", curl + ["-T", film]) == "taken")
            _ = try await authority.tool("/usr/bin/cmp", [film, copy])
        }
    }
}
