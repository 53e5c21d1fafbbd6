import Accounts
import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import Media
import Testing
import Web

@testable import Videos

@Suite("Uploads by form")
struct FormUploadTests {
    @Test("A person's videos and unfinished uploads take no more than they may")
    func quota() async throws {
        var settings = VideoSettings()
        settings.bytesPerUser = 1000
        let house = try await VideoHouse(settings: settings)
        let client = house.client(.creator)
        _ = try await house.upload("VIDEO " + String(repeating: "a", count: 194))
        func create(_ byteCount: Int) async throws -> InProcessClient.Answer {
            try await client.send(
                .post, "/api/v1/uploads",
                headers: [
                    "Tus-Resumable": "1.0.0", "Upload-Length": "\(byteCount)", "Upload-Metadata": "filename YQ==",
                ])
        }
        #expect(try await create(500).status == .created)
        let refused = try await create(301)
        #expect(refused.status == .contentTooLarge && refused.text.contains("quota_exceeded"))
        #expect(try await create(300).status == .created)
        let form = house.form("VIDEO more")
        let answer = try await client.send(.post, "/api/v1/videos", headers: form.0, body: RequestBody(form.1))
        #expect(answer.status == .contentTooLarge && answer.text.contains("quota_exceeded"))
        #expect(try await house.uploadRows() == 3)
        await house.close()
    }

    @Test("A video is stored once, with what was said about it before and behind the file")
    func upload() async throws {
        let house = try await VideoHouse()
        let answer = try await house.upload("VIDEO one", [("title", "One"), ("tags", "a,b"), ("is_premium", "true")])
        #expect(answer.status == .created)
        let body = try answer.video
        #expect(body.title == "One" && body.status == "pending")
        #expect(answer.headers[.location] == "/api/v1/videos/\(body.id)")
        #expect(try house.files() == ["videos/\(body.id)/original"])
        let id = try #require(VideoID(body.id))
        #expect(house.encoder.enqueued == [id])
        let video = try await house.videos.find(id, for: house.creator, through: .details)
        #expect(video.tags == ["a", "b"] && video.isPremium && video.fileName == "film.mp4")
        #expect(video.checksum == Hex.encode(SHA256.hash("VIDEO one")))
        await house.close()
    }

    @Test("The same bytes again by the same owner are the first video; another owner gets one of their own")
    func sameBytes() async throws {
        let house = try await VideoHouse()
        let first = try await house.upload("VIDEO same")
        let again = try await house.upload("VIDEO same", [("title", "Again")])
        #expect(again.status == .ok)
        #expect(try again.video.id == first.video.id)
        let other = try await house.upload("VIDEO same", as: .admin)
        #expect(other.status == .created)
        #expect(try house.files().count == 2)
        #expect(house.encoder.enqueued.count == 2)
        await house.close()
    }

    @Test("Refused content leaves nothing and says why", arguments: ContentRefusal.allCases)
    func refused(code: ContentRefusal) async throws {
        let house = try await VideoHouse()
        house.encoder.fail(with: RefusedContent(code))
        let answer = try await house.upload("VIDEO refused")
        #expect(answer.status == .unprocessableContent)
        #expect(answer.code == code.rawValue)
        #expect(try house.files().isEmpty)
        #expect(house.encoder.enqueued.isEmpty)
        await house.close()
    }

    @Test("An empty file is told from one that is no video")
    func empty() async throws {
        let house = try await VideoHouse()
        #expect(try await house.upload("").code == "empty_file")
        #expect(try await house.upload("text").code == "not_a_video")
        #expect(try house.files().isEmpty)
        await house.close()
    }

    @Test("A form without a file, a broken form and wrong fields are told before anything is kept")
    func wrongForms() async throws {
        let house = try await VideoHouse()
        let client = house.client(.creator)
        let type: HeaderFields = ["Content-Type": "multipart/form-data; boundary=edge"]
        func send(_ body: String, _ headers: HeaderFields? = nil) async throws -> InProcessClient.Answer {
            try await client.send(.post, "/api/v1/videos", headers: headers ?? type, body: RequestBody(body))
        }
        #expect(try await send("--edge--\r\n").code == "validation_failed")
        #expect(try await send("{}", ["Content-Type": "text/plain"]).status == .unsupportedMediaType)
        let (_, whole) = house.form("VIDEO cut")
        #expect(try await send(String(whole.dropLast(12))).status == .badRequest)
        #expect(try await house.upload("VIDEO", [("is_hidden", "maybe")]).status == .unprocessableContent)
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("Whoever may not upload is refused before the body is read", arguments: [Role.user, .premium])
    func forbidden(role: Role) async throws {
        let house = try await VideoHouse()
        let answer = try await house.upload("VIDEO", as: role)
        #expect(answer.status == .forbidden && answer.code == "upload_not_allowed")
        #expect(house.encoder.inspections == 0)
        await house.close()
    }

    @Test("A disk without space answers 507 and keeps nothing")
    func noSpace() async throws {
        let house = try await VideoHouse(reserve: 1 << 60)
        let answer = try await house.upload("VIDEO large")
        #expect(answer.status == .insufficientStorage && answer.code == "insufficient_storage")
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("A file beyond the limit is cut off with 413")
    func tooLarge() async throws {
        var settings = VideoSettings()
        settings.maximumUploadBytes = 10
        let house = try await VideoHouse(settings: settings)
        let answer = try await house.upload("VIDEO of eighteen..")
        #expect(answer.status == .contentTooLarge && answer.code == "file_too_large")
        #expect(try house.files().isEmpty)
        await house.close()
    }

    @Test("An unexpected failure of the look inside leaves nothing behind")
    func brokenInspection() async throws {
        struct Broken: Error {}
        let house = try await VideoHouse()
        house.encoder.fail(with: Broken())
        #expect(try await house.upload("VIDEO").status == .internalServerError)
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("A removed video is gone with its files, and may be uploaded again")
    func remove() async throws {
        let house = try await VideoHouse()
        let id = try await house.upload("VIDEO gone").video.id
        #expect(try await house.client(.user).send(.delete, "/api/v1/videos/\(id)").status == .forbidden)
        try await house.removeForGood(try #require(VideoID(id)))
        #expect(try house.files().isEmpty)
        #expect(house.encoder.removed.map(\.description) == [id])
        #expect(try await house.client(.admin).get("/api/v1/videos/\(id)").code == "video_not_found")
        #expect(try await house.upload("VIDEO gone").status == .created)
        await house.close()
    }
}
