import Accounts
import FoundationEssentials
import HTTP
import Media
import SQL
import Testing
import Web

@testable import Videos

@Suite("The catalogue")
struct CatalogueTests {
    struct Page: Decodable {
        struct Item: Decodable {
            var id: String
            var title: String
        }
        var data: [Item]
        var nextCursor: String?
    }

    func page(_ house: VideoHouse, _ query: String, as role: Role = .admin) async throws -> Page {
        try await house.client(role).get("/api/v1/videos\(query)").decode(Page.self)
    }

    @Test("Pages hold everything once, newest first, also where times are equal")
    func paging() async throws {
        let house = try await VideoHouse()
        for index in 0..<7 {
            var video = house.video(named: "\(index)")
            video.createdAt += Double(index / 2)
            try await house.insert(video)
        }
        var titles: [String] = []
        var query = "?limit=3"
        while true {
            let page = try await self.page(house, query)
            titles += page.data.map(\.title)
            guard let cursor = page.nextCursor else { break }
            query = "?limit=3&cursor=\(cursor)"
        }
        #expect(titles == ["6", "5", "4", "3", "2", "1", "0"])
        await house.close()
    }

    @Test(
        "Filters narrow the list",
        arguments: [
            ("status=failed", ["failed"]), ("category=Heart", ["tagged"]), ("tag=a", ["tagged"]), ("tag=c", []),
            ("person=Ann", ["tagged"]), ("premium=true", ["premium"]), ("hidden=true", ["hidden"]),
            ("q=AGG", ["tagged"]), ("q=%25", []), ("language=rus", ["tagged"]), ("language=en&tag=a", []),
            ("status=failed&premium=true", []),
        ] as [(String, [String])])
    func filters(query: String, titles: [String]) async throws {
        let house = try await VideoHouse()
        let changes: [(String, (inout Video) -> Void)] = [
            ("failed", { $0.status = .failed }), ("premium", { $0.isPremium = true }),
            ("hidden", { $0.isHidden = true }),
            (
                "tagged",
                {
                    $0.category = "Heart"
                    $0.tags = ["a", "b"]
                    $0.people = ["Ann"]
                    $0.language = LanguageTag("ru")
                }
            ),
        ]
        for (title, change) in changes {
            var video = house.video(named: title)
            change(&video)
            try await house.insert(video)
        }
        #expect(try await page(house, "?\(query)").data.map(\.title) == titles)
        await house.close()
    }

    @Test("Only its owner and administrators change a video; who may not see it is told nothing")
    func changing() async throws {
        let house = try await VideoHouse()
        var video = house.video(named: "Mine")
        video.isHidden = true
        try await house.insert(video)
        let path = "/api/v1/videos/\(video.id)"
        for (role, status) in [(Role.user, 404), (.premium, 404), (.creator, 200), (.admin, 200)] {
            let answer = try await house.client(role).send(.patch, path, json: ["title": "By \(role)"])
            #expect(answer.status.code == status, "\(role)")
        }
        #expect(try await house.client(.creator).send(.patch, path, json: ["tags": ["x", "y"]]).status == .ok)
        #expect(try await page(house, "?tag=y").data.map(\.title) == ["By admin"])
        #expect(try await house.client(.creator).send(.patch, path, json: ["title": ""]).status.code == 422)
        await house.close()
    }

    @Test("The row follows the encoder, and who listens is told after the commit")
    func following() async throws {
        let house = try await VideoHouse()
        let id = try #require(VideoID(try await house.upload("VIDEO work").video.id))
        let listener = try house.videos.events.listen(to: .video(id), as: house.creator.id)
        let events = house.videos.events
        let follow = house.follow()
        let rendition = EncodingProgress.Rendition(name: "360p", width: 640, height: 360, bandwidth: 900, state: .ready)
        for progress in [
            EncodingProgress(status: .processing, progress: 0.1, duration: 8.5),
            EncodingProgress(status: .ready, progress: 0.5, renditions: [rendition]),
        ] {
            try await house.database.write { try follow(progress, of: id, in: $0) }
        }
        events.close()
        var names: [String] = []
        while case .message(.event(let event)) = try await listener.next() { names.append(event.name.rawValue) }
        #expect(names == ["progress", "ready"])
        let video = try await house.videos.find(id, for: house.creator, through: .details)
        #expect(video.duration == 8.5 && video.width == 640 && video.renditions == [rendition])
        #expect(video.readyAt != nil && video.status == .ready)
        await house.close()
    }

    @Test("An administrator reads the tool's last words, others the code only")
    func failureDetail() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Broken")
        try await house.insert(video)
        let failed = EncodingProgress(
            status: .failed, progress: 0.2,
            failure: EncodingProgress.Failure(code: "encoding_failed", detail: "moov atom"))
        let follow = house.follow()
        try await house.database.write { try follow(failed, of: video.id, in: $0) }
        let path = "/api/v1/videos/\(video.id)"
        #expect(try await house.client(.admin).get(path).text.contains("moov atom"))
        let answer = try await house.client(.creator).get(path)
        #expect(answer.text.contains("encoding_failed") && !answer.text.contains("moov atom"))
        await house.close()
    }

    @Test("A thumbnail has an address when there is one, and sound alone says what it is")
    func thumbnail() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Song")
        try await house.insert(video)
        let follow = house.follow()
        func body(_ hasThumbnail: Bool) async throws -> String {
            let told = EncodingProgress(status: .ready, progress: 1, kind: .audio, hasThumbnail: hasThumbnail)
            try await house.database.write { try follow(told, of: video.id, in: $0) }
            return try await house.client(.creator).get("/api/v1/videos/\(video.id)").text
        }
        #expect(try await body(false).contains("\"thumbnail_url\":null"))
        let text = try await body(true)
        #expect(text.contains("\"kind\":\"audio\""))
        #expect(text.replacing("\\/", with: "/").contains("/api/v1/videos/\(video.id)/thumbnail.jpg"))
        await house.close()
    }

    @Test("Every field of a video is there, null where nothing is known")
    func shape() async throws {
        let house = try await VideoHouse()
        try await house.insert(house.video(named: "Shape"))
        let text = try await house.client(.creator).get("/api/v1/videos").text
        for field in [
            "id", "kind", "title", "description", "status", "progress", "duration", "width", "height", "is_premium",
            "is_hidden", "has_password", "category", "tags", "people", "created_by", "created_at", "ready_at",
            "view_count", "file_name", "checksum_sha256", "thumbnail_url", "renditions", "error", "groups",
        ] { #expect(text.contains("\"\(field)\":"), "\(field)") }
        #expect(text.contains("\"created_at\":\"2027-01-15T08:00:00.000Z\""))
        #expect(text.contains("\"next_cursor\":null"))
        await house.close()
    }

    @Test(
        "What the file was called and which bytes it had is for its owner and administrators", arguments: Role.allCases)
    func fileFacts(role: Role) async throws {
        let house = try await VideoHouse()
        var video = house.video(named: "Facts")
        video.passwordHash = "x"
        try await house.insert(video)
        var foreign = house.video(named: "Foreign")
        foreign.owner = house.admin.id
        try await house.insert(foreign)
        for (shown, isShown) in [(video, role >= .creator), (foreign, role == .admin)] {
            let text = try await house.client(role).get("/api/v1/videos/\(shown.id)").text
            #expect(text.contains("\"file_name\":\"a.mp4\"") == isShown, "\(shown.title)")
            #expect(text.contains("\"checksum_sha256\":\"\(shown.title)\"") == isShown, "\(shown.title)")
            #expect(text.contains("checksum") == isShown && text.contains("a.mp4") == isShown)
        }
        await house.close()
    }
}
