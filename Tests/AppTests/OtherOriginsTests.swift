import HTTP
import Testing
import Web

@testable import App
@testable import TestSupport

@Suite("Pages of other origins")
struct OtherOriginsTests {
    @Test("Where they are let in, they may send and read the fields of every room")
    func fields() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder) { $0.corsOrigins = ["https://partner.example"] }
        let client = InProcessClient(house.application)
        let asked: HeaderFields = [.origin: "https://partner.example", .accessControlRequestMethod: "PATCH"]
        let preflight = try await client.send(.options, "/api/v1/uploads/1", headers: asked)
        let sent = preflight.headers[.accessControlAllowHeaders] ?? ""
        for field in ["Authorization", "X-CSRF-Token", "Tus-Resumable", "Upload-Offset"] {
            #expect(sent.contains(field), "\(sent)")
        }
        let answer = try await client.get("/api/v1/videos", headers: [.origin: "https://partner.example"])
        let read = answer.headers[.accessControlExposeHeaders] ?? ""
        for field in ["RateLimit-Limit", "Upload-Offset", "Palco-Video-Id"] {
            #expect(read.contains(field), "\(read)")
        }
        let other = try await client.get("/api/v1/videos", headers: [.origin: "https://other.example"])
        #expect(other.headers[.accessControlExposeHeaders] == nil)
        await house.server.stop()
    }
}
