import Accounts
import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import Media
import SQL
import Storage
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Versions of a video")
struct VersionTests {
    /// A film that can be played, of the creator's.
    private func film(_ house: VideoHouse, _ content: String = "VIDEO first") async throws -> VideoID {
        let id = try #require(VideoID(try await house.upload(content, [("title", "Film")]).video.id))
        try await tell(house, .ready, of: id.firstVersion)
        return id
    }

    private func tell(
        _ house: VideoHouse, _ status: EncodingProgress.Status, of version: VersionID, progress: Double = 1,
        code: String? = nil
    ) async throws {
        let follow = house.follow()
        var told = EncodingProgress(status: status, progress: progress, duration: 12, hasThumbnail: true)
        told.failure = code.map { EncodingProgress.Failure(code: $0, detail: "moov atom") }
        try await house.database.write { [told] in try follow(told, of: version, in: $0) }
    }

    private func replace(
        _ id: VideoID, _ house: VideoHouse, _ content: String = "VIDEO second", as role: Role = .creator
    ) async throws -> InProcessClient.Answer {
        try await house.upload(content, as: role, [("replaces", "\(id)")])
    }

    /// The one that is in work.
    private func coming(_ id: VideoID, _ house: VideoHouse) async throws -> VersionID {
        let all = try await house.database.read { try VersionStore().all(of: id, in: $0) }
        return try #require(all.first { $0.removedAt == nil }).id
    }

    private func stored(_ id: VideoID, _ house: VideoHouse) async throws -> Video {
        try #require(try await house.videos.find.stored(id))
    }

    private func text(_ house: VideoHouse, _ path: String, as role: Role = .creator) async throws -> String {
        try await house.client(role).get("/api/v1\(path)").text.replacing("\\/", with: "/")
    }

    private func rows(_ house: VideoHouse, _ table: String) async throws -> Int {
        try await house.database.read {
            try $0.first("SELECT COUNT(*) AS count FROM \(table)")?.value("count") ?? 0
        }
    }

    @Test("A new file takes the place of the former one when it can be played, and all that is the video's stays")
    func replaced() async throws {
        let house = try await VideoHouse()
        let (id, creator) = (try await film(house), house.client(.creator))
        #expect(try await creator.send(.put, "/api/v1/videos/\(id)/favorite").status == .noContent)
        let captions = try await creator.send(
            .put, "/api/v1/videos/\(id)/captions/en", headers: ["Content-Type": "text/vtt"],
            body: RequestBody("WEBVTT\n\n00:01.000 --> 00:02.000\nquaternion\n"))
        #expect(captions.status == .ok || captions.status == .created)
        let before = try await stored(id, house)
        let oldGrant = try await grant(id, house)

        let answer = try await replace(id, house)
        #expect(answer.status == .accepted)
        #expect(answer.text.contains(#""file_name":"film.mp4","progress":0,"state":"processing""#))
        let version = try await coming(id, house)
        try await tell(house, .processing, of: version, progress: 0.25)
        #expect(try await text(house, "/videos/\(id)").contains(#""progress":0.25,"state":"processing""#))
        #expect(try await !text(house, "/videos/\(id)", as: .user).contains("replacement"))
        var now = try await stored(id, house)
        #expect(now.version == id.firstVersion && now.checksum == before.checksum && now.status == .ready)
        #expect(try await creator.get("/api/v1/videos/\(id)/original").text == "VIDEO first")

        try await tell(house, .ready, of: version, progress: 0.5)
        now = try await stored(id, house)
        #expect(now.version == version && now.checksum == Hex.encode(SHA256.hash("VIDEO second")))
        #expect(now.duration == 12 && now.progress == 0.5 && now.replacement == nil && now.title == "Film")
        #expect(now.createdAt == before.createdAt && now.readyAt == before.readyAt)
        #expect(try await creator.get("/api/v1/videos/\(id)/original").text == "VIDEO second")
        let page = try await text(house, "/videos/\(id)")
        #expect(page.contains(#""is_favorite":true"#) && page.contains("thumbnail.jpg?v=\(version)"))
        #expect(try await text(house, "/videos/search?q=quaternion").contains("\(id)"))
        // What else is made of the new one is counted, and what is made of the former one is not.
        try await tell(house, .processing, of: id.firstVersion, progress: 0.9)
        try await tell(house, .ready, of: version, progress: 0.75)
        #expect(try await stored(id, house).progress == 0.75)

        // Who watches goes on; who begins gets the new one.
        let newGrant = try await grant(id, house)
        #expect(oldGrant.utf8.count == 82 && newGrant.utf8.count == 103)
        let pass = house.videos.playbackRoutes.grant
        #expect(try pass.passNow(inPath: oldGrant)?.version == id.firstVersion)
        #expect(try pass.passNow(inPath: newGrant)?.version == version)
        for token in [oldGrant, newGrant] {
            #expect(try await house.client(nil).get("/api/v1/play/\(token)/master.m3u8").status == .ok)
        }
        let list = try await text(house, "/play/\(newGrant)/720p/index.m3u8")
        #expect(list.contains("/media/\(version)/720p/0.m4s"))
        #expect(try await text(house, "/play/\(oldGrant)/720p/index.m3u8").contains("/media/\(id)/720p/0.m4s"))
        await house.close()
    }

    private func grant(_ id: VideoID, _ house: VideoHouse) async throws -> String {
        let play = try await text(house, "/videos/\(id)/play")
        return try #require(play.firstMatch(of: /\/play\/([^\/]+)\//).map { String($0.1) })
    }

    @Test("The former version goes when nobody can be watching it any more, wherever a kill comes between")
    func formerGoes() async throws {
        let house = try await VideoHouse()
        let id = try await film(house)
        _ = try await replace(id, house)
        let version = try await coming(id, house)
        try await tell(house, .ready, of: version)
        let both = ["videos/\(id)/original", "videos/\(version)/original"].sorted()
        let remove = house.videos.removeVersions
        house.clock.advance(by: Double(VideoSettings().longestGrant.components.seconds) - 1)
        #expect(try await remove() == 0)
        // What has a row is not swept.
        await house.videos.recovery.recover(try await house.videos.recovery.takeInventory())
        #expect(try house.files() == both)
        house.clock.advance(by: 1)
        // Killed behind the files and before the row: it is done again.
        try await house.storage.blobs.removeTree(try #require(id.firstVersion.folder))
        #expect(try await remove() == 1)
        #expect(try await remove() == 0)
        #expect(house.encoder.removed == [id])
        #expect(try house.files() == ["videos/\(version)/original"])
        #expect(try await rows(house, "video_versions") == 0)
        // The next one is replaced in the same way.
        #expect(try await replace(id, house, "VIDEO third").status == .accepted)
        await house.close()
    }

    @Test(
        "A cover that was chosen outlives the first file, and what is said in the new one is found when that is shown")
    func coverAndWords() async throws {
        let house = try await VideoHouse()
        let (id, creator) = (try await film(house), house.client(.creator))
        let follow = house.follow()
        func words(_ text: String) -> [FilmCaptions] {
            [
                FilmCaptions(
                    name: "captions0", language: "en", isForced: false,
                    text: "WEBVTT\n\n00:01.000 --> 00:02.000\n\(text)\n")
            ]
        }
        let (former, later) = (words("xylograph"), words("lithograph"))
        try await house.database.write { try follow(former, of: id.firstVersion, in: $0) }
        #expect(try await creator.send(.put, "/api/v1/videos/\(id)/poster", json: ["time": 2.5]).status == .ok)
        let cover = try #require(try house.files().first { $0.contains("poster-") })
        _ = try await replace(id, house)
        let version = try await coming(id, house)
        try await house.database.write { try follow(later, of: version, in: $0) }
        #expect(try await house.search("xylograph").titles == ["Film"])
        #expect(try await house.search("lithograph").titles.isEmpty)
        try await tell(house, .ready, of: version)
        #expect(try await house.search("xylograph").titles.isEmpty)
        #expect(try await house.search("lithograph").titles == ["Film"])
        house.clock.advance(by: Double(VideoSettings().longestGrant.components.seconds))
        #expect(try await house.videos.removeVersions() == 1)
        await house.videos.recovery.recover(try await house.videos.recovery.takeInventory())
        #expect(try house.files() == [cover, "videos/\(version)/original"].sorted())
        #expect(try await rows(house, "film_captions") == 1)
        let address = try #require(try await stored(id, house).coverAddress(below: "/api/v1/videos/\(id)"))
        #expect(try await creator.get(address).text == "frame 2.5")
        try await house.removeForGood(id)
        #expect(try house.files() == [])
        await house.close()
    }

    /// What a kill leaves of an upload whose bytes are all here.
    @Test("A replacement whose server was killed behind the last byte is gone on with", arguments: [false, true])
    func killed(renamed: Bool) async throws {
        let house = try await VideoHouse()
        let id = try await film(house)
        var upload = Upload(
            id: UploadID(), owner: house.creator.id, byteCount: 12, metadata: "",
            details: try VideoDetails(fields: [:], fileName: "left.mp4"), fileName: "left.mp4", state: .receiving,
            checkedOffset: nil, video: nil, refusal: nil, createdAt: house.clock.now,
            expiresAt: house.clock.now.addingTimeInterval(3600))
        upload.replaces = id
        let key = renamed ? upload.id.version.original : upload.id.blob
        try await house.storage.blobs.write(try #require(key), Array("VIDEO second".utf8))
        try await house.database.write { [upload] in try UploadStore().insert(upload, in: $0) }
        for _ in 0..<2 {
            await house.videos.recovery.recover(try await house.videos.recovery.takeInventory())
        }
        #expect(try await coming(id, house) == upload.id.version)
        #expect(try await rows(house, "videos") == 1)
        #expect(try house.files().count == 2)
        #expect(house.encoder.enqueued == [id, upload.id.video])
        await house.close()
    }

    @Test("A new file that cannot be made playable leaves the video as it is, and its owner is told why")
    func failed() async throws {
        let house = try await VideoHouse()
        let id = try await film(house)
        _ = try await replace(id, house)
        let version = try await coming(id, house)
        try await tell(house, .failed, of: version, code: "encoding_failed")
        let page = try await text(house, "/videos/\(id)")
        #expect(page.contains(#""progress":0,"state":"failed""#))
        #expect(page.contains(#""error":{"code":"encoding_failed""#))
        #expect(!page.contains("moov atom"))
        let now = try await stored(id, house)
        #expect(now.status == .ready && now.failure == nil && now.version == id.firstVersion)
        #expect(try await house.videos.removeVersions() == 1)
        #expect(try house.files() == ["videos/\(id)/original"])
        // The word of it is taken away, or gives place to the next one.
        let dismissed = try await house.client(.creator).send(.delete, "/api/v1/videos/\(id)/replacement")
        #expect(dismissed.status == .noContent)
        #expect(try await !text(house, "/videos/\(id)").contains("replacement"))
        await house.close()
    }

    @Test("Who may not change a video, a second file at a time and a file that is there already are refused")
    func refused() async throws {
        let house = try await VideoHouse()
        let id = try await film(house)
        #expect(try await replace(id, house, as: .premium).status == .forbidden)
        #expect(try await replace(VideoID(), house).code == "video_not_found")
        #expect(try await house.upload("VIDEO x", [("replaces", "nonsense")]).code == "video_not_found")
        let same = try await replace(id, house, "VIDEO first")
        #expect(same.status == .conflict && same.code == "video_exists")
        _ = try await house.upload("VIDEO other")
        #expect(try await replace(id, house, "VIDEO other").code == "video_exists")
        #expect(try await replace(id, house, "no film").status == .unprocessableContent)
        #expect(try await house.database.read { try !VersionStore().isUnderWay(id, except: UploadID(), in: $0) })
        #expect(try await replace(id, house).status == .accepted)
        let second = try await replace(id, house, "VIDEO third")
        #expect(second.status == .conflict && second.code == "replacement_under_way")
        let tus = try await house.client(.creator).send(
            .post, "/api/v1/uploads",
            headers: [
                "Tus-Resumable": "1.0.0", "Upload-Length": "5",
                "Upload-Metadata": "replaces \(Base64.standard.encode(Array("\(id)".utf8)))",
            ])
        #expect(tus.status == .conflict && tus.code == "replacement_under_way")
        #expect(try house.files().count == 3)
        await house.close()
    }

    @Test("Uploaded by itself meanwhile, the same file does not become two videos")
    func twin() async throws {
        let house = try await VideoHouse()
        let id = try await film(house)
        _ = try await replace(id, house)
        let version = try await coming(id, house)
        #expect(try await house.upload("VIDEO second").status == .created)
        try await tell(house, .ready, of: version)
        let now = try await stored(id, house)
        #expect(now.version == id.firstVersion && now.replacement?.code == "video_exists")
        await house.close()
    }

    enum End: CaseIterable {
        case cancelled, trashed, removed
    }

    @Test("Cancelling, the trash and removing end what is under way, and leave nothing of it", arguments: End.allCases)
    func ended(by end: End) async throws {
        let house = try await VideoHouse()
        let (id, creator) = (try await film(house), house.client(.creator))
        _ = try await replace(id, house)
        let version = try await coming(id, house)
        switch end {
        case .cancelled:
            #expect(try await creator.send(.delete, "/api/v1/videos/\(id)/replacement").status == .noContent)
        case .trashed: #expect(try await creator.send(.delete, "/api/v1/videos/\(id)").status == .noContent)
        case .removed: try await house.removeForGood(id)
        }
        #expect(house.encoder.removed.contains(version.asVideo))
        // What the encoder says too late changes nothing.
        try await tell(house, .ready, of: version)
        if end != .removed { #expect(try await stored(id, house).version == id.firstVersion) }
        #expect(try await house.videos.removeVersions() == (end == .removed ? 0 : 1))
        #expect(try house.files() == (end == .removed ? [] : ["videos/\(id)/original"]))
        #expect(try await rows(house, "video_versions") == 0)
        if end == .trashed {
            #expect(try await creator.send(.post, "/api/v1/trash/\(id)/restore").status == .ok)
        }
        if end != .removed { #expect(try await replace(id, house, "VIDEO third").status == .accepted) }
        await house.close()
    }

    @Test("An upload that is still coming ends with the replacement", arguments: [End.cancelled, .trashed])
    func endedWhileComing(by end: End) async throws {
        let house = try await VideoHouse()
        let (id, creator) = (try await film(house), house.client(.creator))
        let headers: HeaderFields = [
            "Tus-Resumable": "1.0.0", "Upload-Length": "12",
            "Upload-Metadata": "replaces \(Base64.standard.encode(Array("\(id)".utf8)))",
        ]
        let made = try await creator.send(.post, "/api/v1/uploads", headers: headers)
        #expect(made.status == .created)
        let place = try #require(made.headers[.location])
        #expect(try await replace(id, house, "VIDEO third").code == "replacement_under_way")
        let path = end == .cancelled ? "/api/v1/videos/\(id)/replacement" : "/api/v1/videos/\(id)"
        #expect(try await creator.send(.delete, path).status == .noContent)
        let rest = try await creator.send(
            .patch, place,
            headers: [
                "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
            ], body: RequestBody("VIDEO second"))
        #expect(rest.status == .notFound)
        #expect(try house.files() == ["videos/\(id)/original"])
        #expect(try await rows(house, "uploads") == (end == .cancelled ? 1 : 0))
        await house.close()
    }
}
