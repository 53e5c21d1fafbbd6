import Accounts
import BaseEncoding
import Cryptography
import FoundationEssentials
import Testing
import Web

@testable import HTTP
@testable import TestSupport
@testable import Videos

@Suite("Resumable uploads")
struct TusUploadTests {
    static let version: HeaderFields = ["Tus-Resumable": "1.0.0"]

    func create(_ house: VideoHouse, _ count: Int, as role: Role = .creator) async throws -> String {
        let answer = try await house.client(role).send(
            .post, "/api/v1/uploads",
            headers: ["Tus-Resumable": "1.0.0", "Upload-Length": "\(count)", "Upload-Metadata": "title VGl0bGU="])
        #expect(answer.status == .created && answer.headers["Upload-Expires"] != nil)
        return try #require(answer.headers[.location])
    }

    func patch(
        _ house: VideoHouse, _ address: String, _ offset: Int, _ body: RequestBody, checksum: String? = nil,
        as role: Role = .creator
    ) async throws -> InProcessClient.Answer {
        var headers: HeaderFields = [
            "Tus-Resumable": "1.0.0", "Upload-Offset": "\(offset)", "Content-Type": "application/offset+octet-stream",
        ]
        if let checksum { headers["Upload-Checksum"] = checksum }
        return try await house.client(role).send(.patch, address, headers: headers, body: body)
    }

    func head(_ house: VideoHouse, _ address: String, as role: Role = .creator) async throws -> InProcessClient.Answer {
        try await house.client(role).send(.head, address, headers: Self.version)
    }

    @Test("While its last piece is unanswered an upload tells what it waits for, to its owner alone")
    func phases() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 5)
        @Sendable func state(as role: Role = .creator) async throws -> InProcessClient.Answer {
            try await house.client(role).get(address)
        }
        #expect(try await state().text.contains("\"state\":\"receiving\""))
        house.encoder.whileWaiting {
            let text = try await state().text
            #expect(text.contains("\"state\":\"waiting\"") && text.contains("\"video_id\":null"))
        }
        house.encoder.whileInspecting {
            let text = try await state().text
            #expect(text.contains("\"state\":\"checking\""))
        }
        #expect(try await patch(house, address, 0, RequestBody("VIDEO")).status == .noContent)
        let last = try await state()
        #expect(last.text.contains("\"state\":\"finished\"") && !last.text.contains("null"))
        #expect(last.headers[.cacheControl] == "no-store")
        #expect(try await state(as: .user).status == .notFound)
        await house.close()
    }

    @Test("In pieces of every size, the last one tells the video", arguments: [1, 2, 5, 11])
    func pieces(size: Int) async throws {
        let house = try await VideoHouse()
        let content = Array("VIDEO by tus".utf8)
        let address = try await create(house, content.count)
        var offset = 0
        var video: String?
        while offset < content.count {
            let piece = Array(content[offset..<min(offset + size, content.count)])
            let answer = try await patch(house, address, offset, RequestBody(piece))
            #expect(answer.status == .noContent && answer.headers["Tus-Resumable"] == "1.0.0")
            offset += piece.count
            #expect(answer.headers["Upload-Offset"] == "\(offset)")
            video = answer.headers["Palco-Video-Id"]
        }
        let id = try #require(video.flatMap { VideoID($0) })
        let stored = try await house.videos.find(id, for: house.creator, through: .details)
        #expect(stored.checksum == Hex.encode(SHA256.hash(content)) && stored.title == "Title")
        #expect(try house.files() == ["videos/\(id)/original"])
        // Whoever lost the last answer finds it again.
        let known = try await head(house, address)
        #expect(known.headers["Palco-Video-Id"] == id.description)
        #expect(known.headers["Upload-Offset"] == "\(content.count)")
        await house.close()
    }

    @Test("What arrived before the connection was cut is kept")
    func cut() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        let cut = RequestBody(source: CutBody([Array("VIDEO ".utf8)]))
        #expect(try await patch(house, address, 0, cut).status == .badRequest)
        let offset = try await head(house, address)
        #expect(offset.status == .ok && offset.headers["Upload-Offset"] == "6")
        #expect(offset.headers[.cacheControl] == "no-store" && offset.headers["Upload-Length"] == "12")
        #expect(offset.headers["Upload-Metadata"] == "title VGl0bGU=")
        let last = try await patch(house, address, 6, RequestBody("by tus"))
        #expect(last.headers["Palco-Video-Id"] != nil)
        await house.close()
    }

    @Test("A body that does not tell its length brings no more than the upload's")
    func beyondLength() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        let endless = RequestBody(source: CutBody([Array("VIDEO ".utf8), Array("and more than that".utf8)]))
        let answer = try await patch(house, address, 0, endless)
        #expect(answer.code == "upload_beyond_length")
        #expect(try await head(house, address).headers["Upload-Offset"] == "0")
        await house.close()
    }

    @Test("A restart loses nothing: the bytes before it are hashed again from the disk")
    func restart() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        _ = try await patch(house, address, 0, RequestBody("VIDEO "))
        await house.close(keepingDatabase: true)
        let next = try await restarted(house)
        #expect(try await head(next, address).headers["Upload-Offset"] == "6")
        let id = try await patch(next, address, 6, RequestBody("by tus")).headers["Palco-Video-Id"]
        let video = try await next.videos.find(
            try #require(id.flatMap { VideoID($0) }), for: next.creator, through: .details)
        #expect(video.checksum == Hex.encode(SHA256.hash("VIDEO by tus")))
        await next.close()
    }

    func restarted(_ house: VideoHouse) async throws -> VideoHouse {
        // The folder of the last run can be taken once its lock is gone, as after a kill.
        let folder = try TemporaryFolder()
        for name in try FileManager.default.contentsOfDirectory(atPath: house.folder.path) where name != ".lock" {
            try FileManager.default.moveItem(
                atPath: "\(house.folder.path)/\(name)", toPath: "\(folder.path)/\(name)")
        }
        return try await VideoHouse(folder: folder, keeping: house)
    }

    @Test("An offset that does not fit is refused, and changes nothing")
    func conflict() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        #expect(try await patch(house, address, 3, RequestBody("x")).code == "upload_offset_conflict")
        #expect(try await patch(house, address, 0, RequestBody("far too many bytes")).status == .contentTooLarge)
        #expect(try await head(house, address).headers["Upload-Offset"] == "0")
        await house.close()
    }

    @Test("A damaged chunk is dropped, a good one counts", arguments: ["sha1", "sha256"])
    func checksum(algorithm: String) async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        func digest(_ text: String) -> String {
            let bytes = algorithm == "sha1" ? SHA1.hash(Array(text.utf8)) : SHA256.hash(text)
            return "\(algorithm) \(Data(bytes).base64EncodedString())"
        }
        let damaged = try await patch(house, address, 0, RequestBody("VIDEo "), checksum: digest("VIDEO "))
        #expect(damaged.status.description == "460 Checksum Mismatch" && damaged.code == "checksum_mismatch")
        #expect(try await head(house, address).headers["Upload-Offset"] == "0")
        #expect(
            try await patch(house, address, 0, RequestBody("VIDEO "), checksum: digest("VIDEO ")).status.code == 204)
        // Cut off in the middle: what was not checked does not count.
        let cut = RequestBody(source: CutBody([Array("by".utf8)]))
        #expect(try await patch(house, address, 6, cut, checksum: digest("by tus")).status == .badRequest)
        #expect(try await head(house, address).headers["Upload-Offset"] == "6")
        let last = try await patch(house, address, 6, RequestBody("by tus"), checksum: digest("by tus"))
        #expect(last.headers["Palco-Video-Id"] != nil)
        await house.close()
    }

    @Test("Creation can carry the whole file")
    func creationWithUpload() async throws {
        let house = try await VideoHouse()
        let answer = try await house.client(.creator).send(
            .post, "/api/v1/uploads",
            headers: [
                "Tus-Resumable": "1.0.0", "Upload-Length": "7", "Content-Type": "application/offset+octet-stream",
            ], body: RequestBody("VIDEO 7"))
        #expect(answer.status == .created && answer.headers["Upload-Offset"] == "7")
        #expect(answer.headers["Palco-Video-Id"] != nil)
        await house.close()
    }

    @Test("A terminated upload is gone with its bytes")
    func termination() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        _ = try await patch(house, address, 0, RequestBody("VIDEO "))
        #expect(try await house.client(.creator).send(.delete, address, headers: Self.version).status == .noContent)
        #expect(try await head(house, address).status == .notFound)
        #expect(try house.files().isEmpty)
        #expect(house.videos.sessions.count == 0)
        await house.close()
    }

    @Test("An upload belongs to who made it")
    func owner() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12, as: .admin)
        #expect(try await head(house, address).status == .notFound)
        #expect(try await patch(house, address, 0, RequestBody("x")).code == "upload_not_found")
        #expect(try await house.client(nil).send(.head, address, headers: Self.version).status == .unauthorized)
        await house.close()
    }

    @Test("An abandoned upload expires and frees its space; a touched one lives on")
    func expiry() async throws {
        let house = try await VideoHouse()
        let abandoned = try await create(house, 12)
        let alive = try await create(house, 12)
        house.clock.advance(by: 20 * 3600)
        _ = try await patch(house, alive, 0, RequestBody("VIDEO "))
        house.clock.advance(by: 5 * 3600)
        try await house.videos.recovery.expire()
        #expect(try await head(house, abandoned).status == .notFound)
        #expect(try await head(house, alive).headers["Upload-Offset"] == "6")
        #expect(try house.files().count == 1)
        await house.close()
    }

    @Test("Refused content is remembered for who asks again")
    func refused() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 4)
        #expect(try await patch(house, address, 0, RequestBody("text")).code == "not_a_video")
        #expect(try await patch(house, address, 0, RequestBody("text")).code == "upload_offset_conflict")
        #expect(try await head(house, address).status == .unprocessableContent)
        #expect(try await patch(house, address, 4, RequestBody("")).code == "not_a_video")
        #expect(try house.files().isEmpty)
        #expect(house.encoder.inspections == 1)
        await house.close()
    }

    @Test("One person cannot have endlessly many uploads open")
    func tooMany() async throws {
        var settings = VideoSettings()
        settings.uploadsPerUser = 2
        let house = try await VideoHouse(settings: settings)
        _ = try await create(house, 12)
        _ = try await create(house, 12)
        let third = try await house.client(.creator).send(
            .post, "/api/v1/uploads", headers: ["Tus-Resumable": "1.0.0", "Upload-Length": "12"])
        #expect(third.status == .tooManyRequests && third.code == "too_many_uploads")
        #expect(third.headers[.retryAfter] != nil)
        #expect(try house.files().count == 2)
        #expect(try await house.upload("VIDEO").code == "too_many_uploads")
        await house.close()
    }

    @Test("Two requests for one upload: the second waits, and gives up when the first holds on")
    func held() async throws {
        var settings = VideoSettings()
        settings.lockPatience = .milliseconds(40)
        let house = try await VideoHouse(settings: settings)
        let address = try await create(house, 12)
        let id = try #require(address.split(separator: "/").last.flatMap { UploadID(String($0)) })
        _ = try #require(house.videos.sessions.take(id))
        #expect(try await head(house, address).status == .locked)
        house.videos.sessions.release(id)
        #expect(try await head(house, address).status == .ok)
        await house.close()
    }

    @Test("Options tell what is spoken, without signing in")
    func options() async throws {
        let house = try await VideoHouse()
        let answer = try await house.client(nil).send(.options, "/api/v1/uploads")
        #expect(answer.status == .noContent && answer.headers["Tus-Version"] == "1.0.0")
        #expect(answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256")
        let refused = try await house.client(.creator).send(.post, "/api/v1/uploads")
        #expect(refused.status == .preconditionFailed && refused.headers["Tus-Version"] == "1.0.0")
        await house.close()
    }

    @Test("Through a proxy that knows only POST")
    func override() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 7)
        let answer = try await house.client(.creator).send(
            .post, address,
            headers: [
                "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
                "X-HTTP-Method-Override": "PATCH",
            ], body: RequestBody("VIDEO 7"))
        #expect(answer.headers["Palco-Video-Id"] != nil)
        await house.close()
    }
}
