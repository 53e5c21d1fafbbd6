import Accounts
import FoundationEssentials
import HTTP
import Media
import SQL
import Storage
import Testing

@testable import TestSupport
@testable import Videos

@Suite("The trash")
struct TrashTests {
    static let month: TimeInterval = 30 * 24 * 3600

    private func trash(_ id: String, in house: VideoHouse, as role: Role = .creator) async throws {
        #expect(try await house.client(role).send(.delete, "/api/v1/videos/\(id)").status == .noContent)
    }

    /// Beside the original: what the encoder makes, which is the same to whoever removes it.
    private func addMedia(of id: VideoID, in house: VideoHouse) async throws {
        for name in ["hls/720p/0.m4s", "hls/720p/init.mp4", "thumbnail.jpg", "captions0.vtt"] {
            try await house.storage.blobs.write(try #require(BlobKey("videos/\(id)/\(name)")), [1, 2, 3])
        }
    }

    /// How many rows of any table still name it.
    private func rows(of id: VideoID, in house: VideoHouse) async throws -> Int {
        try await house.database.read { access in
            try [
                ("videos", "id"), ("video_tags", "video_id"), ("video_captions", "video_id"), ("favorites", "video_id"),
                ("watch_positions", "video_id"), ("search_documents", "video_id"), ("uploads", "video_id"),
            ].reduce(0) { count, table in
                let row = try access.first("SELECT COUNT(*) AS count FROM \(table.0) WHERE \(table.1) = $1", id)
                return try count + (row?.value("count", as: Int.self) ?? 0)
            }
        }
    }

    @Test("What is in the trash leaves every door at once, and comes back through all of them")
    func doors() async throws {
        let house = try await VideoHouse()
        let video = try await house.upload("VIDEO one", [("title", "Rarebit"), ("category", "Dreams")]).video
        let id = try #require(VideoID(video.id))
        let creator = house.client(.creator)
        try await house.database.write { try VideoStore().setStatus(.ready, nil, of: id, at: house.clock.now, in: $0) }
        #expect(try await creator.send(.put, "/api/v1/videos/\(id)/favorite").status == .noContent)
        #expect(try await creator.send(.put, "/api/v1/videos/\(id)/watched").status == .noContent)
        #expect(try await creator.send(.put, "/api/v1/me/playlists/nothing/videos/\(id)").status == .notFound)
        let play = try await creator.get("/api/v1/videos/\(id)/play")
        let grant = try #require(play.text.firstMatch(of: /\/play\/([^\/]+)\//).map { String($0.1) })
        let lists = [
            "/videos", "/videos/search?q=rarebit", "/videos/suggestions?q=rare", "/categories", "/me/favorites",
            "/me/history",
        ]
        let doors = [
            "", "/play", "/original", "/captions", "/transcript", "/thumbnail.jpg", "/hls/master.m3u8", "/events",
        ]
        for door in lists {
            #expect(try await creator.get("/api/v1" + door).text.contains(/Rarebit|Dreams/), "\(door)")
        }
        try await trash(video.id, in: house)
        for role in [Role.creator, .admin, .user] {
            for door in lists {
                let answer = try await house.client(role).get("/api/v1" + door)
                #expect(answer.status == .ok && !answer.text.contains(/Rarebit|Dreams/), "\(role) \(door)")
            }
            for door in doors {
                let answer = try await house.client(role).get("/api/v1/videos/\(id)\(door)")
                #expect(answer.status == .notFound && answer.code == "video_not_found", "\(role) \(door)")
            }
        }
        #expect(try await creator.get("/api/v1/play/\(grant)/360p/key").status == .notFound)
        #expect(try await house.client(nil).get("/api/v1/play/\(grant)/360p/key").status == .unauthorized)
        #expect(try await creator.send(.patch, "/api/v1/videos/\(id)", json: ["title": "x"]).status == .notFound)
        #expect(try await creator.send(.delete, "/api/v1/videos/\(id)").status == .notFound)
        #expect(house.encoder.paused == [id])

        let restored = try await creator.send(.post, "/api/v1/trash/\(id)/restore")
        #expect(try restored.status == .ok && restored.video.title == "Rarebit")
        #expect(house.encoder.paused.isEmpty)
        for door in lists {
            #expect(try await creator.get("/api/v1" + door).text.contains(/Rarebit|Dreams/), "\(door)")
        }
        #expect(try await creator.get("/api/v1/videos/\(id)/play").status == .ok)
        // A grant of before stays over.
        #expect(try await house.client(nil).get("/api/v1/play/\(grant)/360p/key").status == .unauthorized)
        await house.close()
    }

    @Test("Those who follow hear that it went and that it came, in between nothing", .timeLimit(.minutes(1)))
    func told() async throws {
        let house = try await VideoHouse()
        let id = try #require(VideoID(try await house.upload("VIDEO one").video.id))
        let listener = try house.videos.upkeep.events.listen(to: .video(id), as: house.creator.id)
        func next() async throws -> String? {
            guard case .message(.event(let event)) = try await listener.next() else { return nil }
            let isTold = VideoAccess.decide(house.admin, event.video.subject, .list) == .allowed
            return "\(event.name) \(isTold)"
        }
        try await trash("\(id)", in: house)
        #expect(try await next() == "removed true")
        let follow = house.follow()
        try await house.database.write {
            try follow(EncodingProgress(status: .ready, progress: 0.5), of: id, in: $0)
        }
        #expect(try await next() == "ready false")
        #expect(try await house.client(.creator).send(.post, "/api/v1/trash/\(id)/restore").status == .ok)
        #expect(try await next() == "created true")
        await house.close()
    }

    @Test("Each sees their own trash, administrators all of it, page by page")
    func list() async throws {
        let house = try await VideoHouse()
        var ids: [String] = []
        for number in 0..<5 {
            ids.append(try await house.upload("VIDEO \(number)").video.id)
            try await trash(ids[number], in: house)
            house.clock.advance(by: 60)
        }
        let other = try await house.upload("VIDEO other", as: .admin).video.id
        try await trash(other, in: house, as: .admin)
        func page(_ role: Role, _ query: String = "") async throws -> Page {
            try await house.client(role).get("/api/v1/trash" + query).decode(Page.self)
        }
        #expect(try await page(.admin).data.map(\.id) == [other] + ids.reversed())
        #expect(try await page(.user).data.isEmpty)
        var (seen, cursor): ([String], String?) = ([], nil)
        repeat {
            let found = try await page(.creator, "?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""))
            seen += found.data.map(\.id)
            cursor = found.nextCursor
        } while cursor != nil
        #expect(seen == ids.reversed())
        let last = try #require(try await page(.creator).data.last)
        #expect(last.removedForGoodAt.timeIntervalSince(last.trashedAt) == Self.month)
        #expect(try await house.client(.creator).send(.post, "/api/v1/trash/\(other)/restore").status == .notFound)
        #expect(try await house.client(.creator).send(.delete, "/api/v1/trash/\(other)").status == .notFound)
        #expect(try await house.client(.admin).send(.post, "/api/v1/trash/\(ids[0])/restore").status == .ok)
        await house.close()
    }

    private struct Page: Decodable {
        struct Item: Decodable {
            var id: String
            var trashedAt: Date
            var removedForGoodAt: Date
        }
        var data: [Item]
        var nextCursor: String?
    }

    @Test("The same bytes again are a new video, beside which the one in the trash cannot come back")
    func sameBytes() async throws {
        let house = try await VideoHouse()
        let first = try await house.upload("VIDEO twice").video.id
        try await trash(first, in: house)
        let again = try await house.upload("VIDEO twice")
        #expect(try again.status == .created && again.video.id != first)
        let refused = try await house.client(.creator).send(.post, "/api/v1/trash/\(first)/restore")
        #expect(refused.status == .conflict && refused.code == "video_exists")
        try await trash(try again.video.id, in: house)
        #expect(try await house.client(.creator).send(.post, "/api/v1/trash/\(first)/restore").status == .ok)
        #expect(try await house.upload("VIDEO twice").video.id == first)
        await house.close()
    }

    @Test("What is in the trash takes space of its owner until it is removed for good")
    func quota() async throws {
        var settings = VideoSettings()
        settings.bytesPerUser = 1000
        let house = try await VideoHouse(settings: settings)
        let content = "VIDEO " + String(repeating: "x", count: 700)
        let id = try await house.upload(content).video.id
        try await trash(id, in: house)
        #expect(try await house.upload(content + "y").code == "quota_exceeded")
        #expect(try await house.client(.creator).send(.delete, "/api/v1/trash/\(id)").status == .noContent)
        #expect(try await house.upload(content + "y").status == .created)
        await house.close()
    }

    @Test("After its time every byte and every row of it is gone, and nothing of another", arguments: [false, true])
    func overdue(atOnce: Bool) async throws {
        let house = try await VideoHouse()
        let id = try #require(VideoID(try await house.upload("VIDEO old", [("tags", "a")]).video.id))
        try await addMedia(of: id, in: house)
        let creator = house.client(.creator)
        #expect(try await creator.send(.put, "/api/v1/videos/\(id)/favorite").status == .noContent)
        #expect(try await creator.send(.put, "/api/v1/videos/\(id)/watched").status == .noContent)
        #expect(
            try await creator.send(
                .put, "/api/v1/videos/\(id)/captions/en", headers: ["Content-Type": "text/vtt"],
                body: RequestBody("WEBVTT\n\n00:01.000 --> 00:02.000\nWords\n")
            ).status == .created)
        let kept = try await house.upload("VIDEO new").video.id
        try await trash("\(id)", in: house)
        let remove = house.videos.remove
        if atOnce {
            #expect(try await creator.send(.delete, "/api/v1/trash/\(id)").status == .noContent)
        } else {
            house.clock.advance(by: Self.month - 1)
            #expect(try await remove.removeOverdue() == 0)
            #expect(try house.files().count == 6)
            house.clock.advance(by: 1)
            #expect(try await creator.send(.post, "/api/v1/trash/\(id)/restore").status == .notFound)
            #expect(try await creator.get("/api/v1/trash").text.contains("\(id)") == false)
            #expect(try await remove.removeOverdue() == 1)
        }
        #expect(try house.files() == ["videos/\(kept)/original"])
        #expect(try await rows(of: id, in: house) == 0)
        #expect(house.encoder.removed == [id])
        await house.close()
    }

    /// Where a kill can come between.
    enum Cut: CaseIterable {
        case beforeFiles, amongFiles, beforeRow
    }

    @Test("A removal that was cut off is done to its end, and nobody can take the video back", arguments: Cut.allCases)
    func cutOff(cut: Cut) async throws {
        let house = try await VideoHouse()
        let id = try #require(VideoID(try await house.upload("VIDEO cut", [("tags", "a")]).video.id))
        try await addMedia(of: id, in: house)
        try await house.database.write { try VideoStore().setTrashed(id, at: .beingRemoved, in: $0) }
        switch cut {
        case .beforeFiles: break
        case .amongFiles: try await house.storage.blobs.removeTree(try #require(BlobKey("videos/\(id)/hls")))
        case .beforeRow: try await house.storage.blobs.removeTree(try #require(id.firstVersion.folder))
        }
        #expect(try await house.client(.creator).send(.post, "/api/v1/trash/\(id)/restore").status == .notFound)
        #expect(try await house.videos.remove.removeOverdue() == 1)
        #expect(try house.files().isEmpty)
        #expect(try await rows(of: id, in: house) == 0)
        await house.close()
    }

    @Test("A full trash is emptied in pieces, and what cannot be removed holds up nothing else")
    func many() async throws {
        let house = try await VideoHouse()
        for number in 0..<45 {
            var video = house.video(named: "\(number)")
            video.checksum = "\(number)"
            try await house.insert(video)
            try await house.storage.blobs.write(try #require(video.version.original), [1])
        }
        let now = house.clock.now
        try await house.database.write { _ = try $0.execute("UPDATE videos SET trashed_at = $1", now) }
        house.clock.advance(by: Self.month)
        #expect(try await house.videos.remove.removeOverdue() == 45)
        #expect(try house.files().isEmpty)
        await house.close()
    }

    @Test("Who goes with their videos leaves nothing in the trash either")
    func personGoes() async throws {
        let house = try await VideoHouse()
        for name in ["VIDEO shown", "VIDEO in trash"] { _ = try await house.upload(name) }
        try await trash(try await house.upload("VIDEO in trash").video.id, in: house)
        try await house.videos.ofPerson.remove(of: house.creator.id, withVideos: true)
        #expect(try house.files().isEmpty)
        await house.close()
    }
}
