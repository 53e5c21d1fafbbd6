import FoundationEssentials
import HTTP
import Testing

@testable import App
@testable import TestSupport
@testable import Videos

/// What people keep for themselves, over the wire; each answer is checked against the contract.
@Suite("Favourites, playlists and history from sign-in to restart", .serialized)
struct PersonalFeatureTests {
    private static func json(_ text: String) -> (headers: [(String, String)], bytes: [UInt8]) {
        ([("Content-Type", "application/json")], Array(text.utf8))
    }

    private static func send(
        _ client: WireClient, _ method: Request.Method, _ path: String, _ text: String? = nil
    ) async throws -> WireClient.Answer {
        guard let text else { return try await client.send(method, "/api/v1" + path) }
        let body = json(text)
        return try await client.send(method, "/api/v1" + path, body.headers, body: body.bytes)
    }

    @Test("All of it is kept, and what was told last before the stop as well", arguments: Ring.allCases)
    func wholeWay(ring: Ring) async throws {
        let folder = try TemporaryFolder()
        let video = try await firstLife(ring, folder)
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(ring, house, port)
            let history = try await client.get("/api/v1/me/history?state=unfinished")
            #expect(history.text.contains(#""position":0.7,"#) && history["id"] == "\(video)", "\(history.text)")
            #expect(try await client.get("/api/v1/videos/\(video)/play").text.contains(#""resume_at":0.7"#))
            #expect(try await client.get("/api/v1/me/favorites")["id"] == "\(video)")
            #expect(try await client.get("/api/v1/videos/\(video)").text.contains(#""is_favorite":true"#))
            #expect(try await client.get("/api/v1/me/stats").text.contains(#""favorites":1"#))
            let list = try #require(try await client.get("/api/v1/me/playlists")["id"])
            let opened = try await client.get("/api/v1/me/playlists/\(list)")
            #expect(opened["name"] == "Later" && opened.text.contains("\(video)"))
            #expect(try await Self.send(client, .delete, "/me/playlists/\(list)/videos/\(video)").status == 204)
            #expect(try await Self.send(client, .delete, "/me/playlists/\(list)").status == 204)
            #expect(try await Self.send(client, .put, "/videos/\(video)/watched").status == 204)
            #expect(try await client.get("/api/v1/me/history").text.contains(#""watched":true"#))
            #expect(try await Self.send(client, .delete, "/videos/\(video)/watched").status == 204)
            #expect(try await Self.send(client, .delete, "/me/history/\(video)").status == 204)
            #expect(try await Self.send(client, .delete, "/me/history").status == 204)
            #expect(try await Self.send(client, .delete, "/videos/\(video)/favorite").status == 204)
            for path in ["history", "favorites", "playlists"] {
                #expect(try await client.get("/api/v1/me/\(path)").text == #"{"data":[],"next_cursor":null}"#)
            }
        }
    }

    private func firstLife(_ ring: Ring, _ folder: TemporaryFolder) async throws -> VideoID {
        let house = try await AppHouse(in: folder)
        let video = try await house.addVideo()
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(ring, house, port)
            #expect(try await Self.send(client, .put, "/videos/\(video)/favorite").status == 204)
            let made = try await Self.send(client, .post, "/me/playlists", #"{"name":"Soon"}"#)
            let list = try #require(made["id"])
            #expect(made.status == 201 && made.headers["location"] == "/api/v1/me/playlists/\(list)")
            #expect(try await Self.send(client, .patch, "/me/playlists/\(list)", #"{"name":"Later"}"#).status == 200)
            for place in [nil, #"{"position":0}"#] {
                let path = "/me/playlists/\(list)/videos/\(video)"
                #expect(try await Self.send(client, .put, path, place).status == 204)
            }
            for position in [0.1, 0.7] {
                let told = try await Self.send(
                    client, .post, "/videos/\(video)/progress", #"{"position":\#(position),"played":0.1}"#)
                #expect(told.status == 204)
            }
        }
        return video
    }
}
