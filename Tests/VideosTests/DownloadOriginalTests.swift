import Accounts
import HTTP
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Downloads of originals")
struct DownloadOriginalTests {
    @Test("Its keeper gets the bytes that were uploaded, in parts where they want, by the name that the file had")
    func download() async throws {
        let house = try await VideoHouse()
        let content = "VIDEO " + String(repeating: "0123456789", count: 1000)
        let (headers, body) = house.form(content, name: "Фильм.mov")
        let video = try await house.client(.creator).send(
            .post, "/api/v1/videos", headers: headers, body: RequestBody(body)
        ).video
        let path = "/api/v1/videos/\(video.id)/original"
        let answer = try await house.client(.creator).get(path)
        #expect(answer.status == .ok && answer.text == content)
        #expect(
            answer.headers["Content-Disposition"]?.hasSuffix("filename*=UTF-8''%D0%A4%D0%B8%D0%BB%D1%8C%D0%BC.mov")
                == true)
        #expect(answer.headers[.cacheControl] == "private, no-cache")
        let client = house.client(.admin)
        client.headers[.range] = "bytes=6-8"
        client.headers[.ifRange] = answer.headers[.etag]
        let part = try await client.get(path)
        #expect(part.status == .partialContent && part.text == "012")
        #expect(part.headers[.contentRange] == "bytes 6-8/\(content.utf8.count)")
        client.headers[.ifNoneMatch] = answer.headers[.etag]
        #expect(try await client.get(path).status == .notModified)
        await house.close()
    }

    @Test("Who may only watch may not download, and what is gone from the storage is said to be gone")
    func refusals() async throws {
        let house = try await VideoHouse()
        let video = try await house.upload("VIDEO").video
        let path = "/api/v1/videos/\(video.id)/original"
        for role in [Role.user, .premium] {
            let answer = try await house.client(role).get(path)
            #expect(answer.status == .forbidden && answer.code == "forbidden")
        }
        #expect(try await house.client(nil).get(path).status == .unauthorized)
        try await house.storage.blobs.removeTree("videos")
        let answer = try await house.client(.creator).get(path)
        #expect(answer.status == .notFound && answer.code == "original_not_found")
        await house.close()
    }
}
