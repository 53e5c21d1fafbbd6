import FoundationEssentials
import HTTP
import Storage
import Testing

@testable import App
@testable import TestSupport
@testable import Videos

/// Pictures of a real film; each answer is checked against the contract.
@Suite("Pictures by address", .serialized)
struct PictureFeatureTests {
    enum Place: String, CaseIterable, Sendable {
        case folder, bucket
    }

    /// The width and the height that a JPEG tells.
    private static func size(_ jpeg: [UInt8]) -> [Int]? {
        var place = 2
        while place + 8 < jpeg.count, jpeg[place] == 0xFF {
            if (0xC0...0xC3).contains(jpeg[place + 1]) {
                return [7, 5].map { Int(jpeg[place + $0]) << 8 | Int(jpeg[place + $0 + 1]) }
            }
            place += 2 + (Int(jpeg[place + 2]) << 8 | Int(jpeg[place + 3]))
        }
        return nil
    }

    @Test("Any time and size, a cover that is chosen, and what is shown first", arguments: Place.allCases)
    func wholeWay(place: Place) async throws {
        let folder = try TemporaryFolder()
        let bucket = place == .bucket ? try TestBucket.fresh().location : nil
        let house = try await AppHouse(in: folder) { $0.storageBucket = bucket }
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(.socket, house, port)
            let form = FeatureTests.form(try await FeatureTests.film(in: folder))
            let made = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
            let id = try #require(made["id"].flatMap { VideoID($0) })
            try await FeatureTests.whenReady(id, house, progress: 1)
            let path = "/api/v1/videos/\(id)"
            let frame = try await client.get(path + "/thumbnail.jpg?time=1&width=100")
            #expect(frame.status == 200 && Self.size(frame.body) == [160, 120], "\(frame.text)")
            #expect(frame.headers["cache-control"] == "private, max-age=3600")
            let tag = try #require(frame.headers["etag"])
            let known = try await client.send(
                .get, path + "/thumbnail.jpg?time=1.0&width=160", [("If-None-Match", tag)])
            #expect(known.status == 304)
            let last = try await client.get(path + "/thumbnail.jpg?time=99")
            #expect(last.status == 200 && Self.size(last.body) == [320, 240] && last.headers["etag"] != tag)
            try await eventually("the thumbnail is made") {
                try await client.get(path)["thumbnail_url"] == path + "/thumbnail.jpg"
            }
            let small = try await client.get(path + "/thumbnail.jpg?width=160")
            #expect(Self.size(small.body) == [160, 120])
            try await chooseCovers(id, client, last.body)
            #expect(try await client.get(path + "/thumbnail.jpg?time=x").status == 422)
            try await feature(id, client)
        }
    }

    private static let json = [("Content-Type", "application/json")]

    private func chooseCovers(_ id: VideoID, _ client: WireClient, _ picture: [UInt8]) async throws {
        let path = "/api/v1/videos/\(id)"
        let automatic = try await client.get(path + "/thumbnail.jpg")
        let frame = try await client.send(.put, path + "/poster", Self.json, body: Array(#"{"time":2}"#.utf8))
        #expect(frame.status == 200 && frame.text.contains(#""poster":{"kind":"frame","time":2}"#), "\(frame.text)")
        let address = try #require(frame["thumbnail_url"])
        let shown = try await client.get(address)
        #expect(address != path + "/thumbnail.jpg" && Self.size(shown.body) == [320, 240])
        #expect(shown.headers["etag"] != automatic.headers["etag"])
        #expect(try await Self.size(client.get(path + "/thumbnail.jpg?width=160").body) == [160, 120])
        let upload = try await client.send(.put, path + "/poster", [("Content-Type", "image/jpeg")], body: picture)
        #expect(upload.status == 200 && upload.text.contains(#""poster":{"kind":"upload","time":null}"#))
        #expect(try #require(upload["thumbnail_url"]) != address)
        let text = try await client.send(
            .put, path + "/poster", [("Content-Type", "image/jpeg")], body: Array("text".utf8))
        #expect(text.status == 422 && text["code"] == "not_a_picture")
        let back = try await client.send(.delete, path + "/poster")
        #expect(back.status == 200 && back["thumbnail_url"] == path + "/thumbnail.jpg")
        #expect(try await client.get(path + "/thumbnail.jpg").headers["etag"] == automatic.headers["etag"])
    }

    private func feature(_ id: VideoID, _ client: WireClient) async throws {
        let path = "/api/v1/videos"
        #expect(try await client.get(path + "?featured=true").text.hasPrefix(#"{"data":[]"#))
        let answer = try await client.send(
            .patch, "\(path)/\(id)", Self.json, body: Array(#"{"is_featured":true}"#.utf8))
        #expect(answer.status == 200 && answer.text.contains(#""is_featured":true"#))
        #expect(try await client.get(path + "?featured=true")["id"] == "\(id)")
    }
}
