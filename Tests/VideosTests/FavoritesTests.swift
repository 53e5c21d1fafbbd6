import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import Accounts
@testable import TestSupport
@testable import Videos

@Suite("Favourites")
struct FavoritesTests {
    struct Page: Decodable {
        struct Item: Decodable {
            var id: String
            var title: String
            var isFavorite: Bool?
        }
        var data: [Item]
        var nextCursor: String?
    }

    func page(_ house: VideoHouse, _ query: String = "", as role: Role = .user) async throws -> Page {
        try await house.client(role).get("/api/v1/me/favorites\(query)").decode(Page.self)
    }

    func set(
        _ house: VideoHouse, _ method: Request.Method, _ id: VideoID, as role: Role = .user
    ) async throws -> Response.Status {
        try await house.client(role).send(method, "/api/v1/videos/\(id)/favorite").status
    }

    @Test("Twice is once, and what is none any more was perhaps none before")
    func idempotent() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "A")
        try await house.insert(video)
        func isFavorite(_ role: Role) async throws -> Bool? {
            try await house.client(role).get("/api/v1/videos/\(video.id)").decode(Page.Item.self).isFavorite
        }
        #expect(try await isFavorite(.user) == false)
        for _ in 0..<2 {
            #expect(try await set(house, .put, video.id) == .noContent)
            let items = try await page(house).data
            #expect(items.map(\.title) == ["A"] && items.first?.isFavorite == true)
        }
        #expect(try await isFavorite(.user) == true)
        #expect(try await isFavorite(.premium) == false, "others have their own")
        #expect(try await page(house, as: .premium).data.isEmpty)
        for _ in 0..<2 {
            #expect(try await set(house, .delete, video.id) == .noContent)
            #expect(try await page(house).data.isEmpty)
        }
        await house.close()
    }

    @Test("Pages hold every favourite once, the newest first, also where times are equal")
    func paging() async throws {
        let house = try await VideoHouse()
        var titles: [String] = []
        for number in 0..<7 {
            let video = house.video(named: "\(number)")
            try await house.insert(video)
            if number % 3 == 0 { house.clock.advance(by: 1) }
            #expect(try await set(house, .put, video.id) == .noContent)
        }
        var query = "?limit=3"
        while true {
            let page = try await page(house, query)
            titles += page.data.map(\.title)
            guard let cursor = page.nextCursor else { break }
            query = "?limit=3&cursor=\(cursor)"
        }
        #expect(titles == ["6", "5", "4", "3", "2", "1", "0"])
        for wrong in ["?limit=0", "?limit=101", "?limit=x", "?cursor=x"] {
            #expect(
                try await house.client(.user).get("/api/v1/me/favorites\(wrong)").status == .unprocessableContent)
        }
        await house.close()
    }

    @Test(
        "What may not be seen any more is not shown and not changed, and comes back with the right to see it",
        arguments: [(true, false), (false, true)])
    func visibility(premium: Bool, hidden: Bool) async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "A")
        try await house.insert(video)
        #expect(try await set(house, .put, video.id) == .noContent)
        func change(_ premium: Bool, _ hidden: Bool) async throws {
            let answer = try await house.client(.admin).send(
                .patch, "/api/v1/videos/\(video.id)", json: ["is_premium": premium, "is_hidden": hidden])
            #expect(answer.status == .ok)
        }
        try await change(premium, hidden)
        #expect(try await page(house).data.isEmpty)
        #expect(try await set(house, .put, video.id) == .notFound)
        #expect(try await set(house, .delete, video.id) == .notFound)
        try await change(false, false)
        #expect(try await page(house).data.count == 1)
        await house.close()
    }

    @Test("There is a most, and a sentence that says so")
    func most() async throws {
        let house = try await VideoHouse()
        let person = house.person(.user).id
        try await house.fillCatalogue(FavoriteStore.most)
        _ = try await house.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO favorites (user_id, video_id, added_at, added_month)
                SELECT $1, id, 0, '1970-01' FROM videos
                """, person)
        }
        let video = house.video(named: "One too many")
        try await house.insert(video)
        let answer = try await house.client(.user).send(.put, "/api/v1/videos/\(video.id)/favorite")
        #expect(answer.status == .conflict && answer.code == "too_many_favorites")
        await house.close()
    }

    @Test("They go with the video, and with the person")
    func removal() async throws {
        let house = try await VideoHouse()
        let (first, second) = (house.video(named: "A"), house.video(named: "B"))
        for video in [first, second] {
            try await house.insert(video)
            #expect(try await set(house, .put, video.id) == .noContent)
        }
        try await house.removeForGood(first.id)
        #expect(try await page(house).data.map(\.title) == ["B"])
        _ = try await house.client(.user).send(.post, "/api/v1/me/playlists", json: ["name": "Later"])
        let (person, count) = (house.person(.user).id, house.videos.ofPerson.belongings.count)
        let found = try await house.database.read { try count(person, $0) }
        #expect(
            found
                == Belongings(videos: 0, unfinishedUploads: 0, watchPositions: 0, favorites: 1, playlists: 1))
        try await house.removePerson(.user)
        #expect(try await house.rowCount("favorites") == 0)
        await house.close()
    }
}

extension VideoHouse {
    /// Rows that nobody looks at.
    func fillCatalogue(_ count: Int) async throws {
        let owner = creator.id
        _ = try await database.write { transaction in
            try transaction.execute(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)
                INSERT INTO videos (id, owner_id, title, description, is_premium, is_hidden, checksum, byte_count,
                    file_name, status, progress, kind, renditions, warnings, view_count, created_at, updated_at)
                SELECT '00000000-0000-7000-8000-' || (100000000000 + n), $1, 'Row', '', 0, 0, 'row ' || n, 1, '', 'ready', 1, 'video', '[]', '[]', 0, 0, 0
                FROM numbers
                """, owner, count)
        }
    }

    /// What the room of accounts does at last, in one transaction.
    func removePerson(_ role: Role) async throws {
        let (person, heir, belongings) = (person(role).id, admin.id, videos.ofPerson.belongings)
        try await database.write { transaction in
            try belongings.handOver(person, heir, transaction)
            try transaction.execute("DELETE FROM users WHERE id = $1", person)
        }
    }

    func rowCount(_ table: String) async throws -> Int {
        try await database.read { try $0.first("SELECT COUNT(*) AS count FROM \(table)")?.value("count") ?? 0 }
    }
}
