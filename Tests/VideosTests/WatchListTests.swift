import Accounts
import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Own playlists")
struct WatchListTests {
    struct List: Decodable {
        struct Item: Decodable { var title: String }
        var id: String
        var name: String
        var videoCount: Int
        var data: [Item]?
        var nextCursor: String?
    }
    struct Page: Decodable {
        var data: [List]
        var nextCursor: String?
    }

    func create(_ house: VideoHouse, _ name: String, as role: Role = .user) async throws -> List {
        let answer = try await house.client(role).send(.post, "/api/v1/me/playlists", json: ["name": name])
        #expect(answer.status == .created)
        let list = try answer.decode(List.self)
        #expect(answer.headers[.location] == "/api/v1/me/playlists/\(list.id)")
        return list
    }

    func show(_ house: VideoHouse, _ list: List, _ query: String = "", as role: Role = .user) async throws -> List {
        try await house.client(role).get("/api/v1/me/playlists/\(list.id)\(query)").decode(List.self)
    }

    func put(
        _ house: VideoHouse, _ video: Video, into list: List, at place: Int? = nil, as role: Role = .user
    ) async throws -> InProcessClient.Answer {
        let path = "/api/v1/me/playlists/\(list.id)/videos/\(video.id)"
        guard let place else { return try await house.client(role).send(.put, path) }
        return try await house.client(role).send(.put, path, json: ["position": place])
    }

    func titles(_ house: VideoHouse, _ list: List, as role: Role = .user) async throws -> [String] {
        try await show(house, list, as: role).data?.map(\.title) ?? []
    }

    /// With the videos A, B, C and D, all in a playlist of the user's.
    func filled() async throws -> (VideoHouse, List, [String: Video]) {
        let house = try await VideoHouse()
        let list = try await create(house, "Later")
        var videos: [String: Video] = [:]
        for title in ["A", "B", "C", "D"] {
            let video = house.video(named: title)
            videos[title] = video
            try await house.insert(video)
            #expect(try await put(house, video, into: list).status == .noContent)
        }
        #expect(try await titles(house, list) == ["A", "B", "C", "D"])
        return (house, list, videos)
    }

    @Test(
        "A video is put where it is wanted, and the others keep their order",
        arguments: [
            ("D", 0, "DABC"), ("A", 3, "BCDA"), ("A", 99, "BCDA"), ("B", 2, "ACBD"), ("C", 1, "ACBD"),
            ("B", 1, "ABCD"), ("B", nil, "ABCD"),
        ] as [(String, Int?, String)])
    func order(title: String, place: Int?, expected: String) async throws {
        let (house, list, videos) = try await filled()
        let video = try #require(videos[title])
        for _ in 0..<2 {
            #expect(try await put(house, video, into: list, at: place).status == .noContent)
            #expect(try await titles(house, list).joined() == expected)
        }
        await house.close()
    }

    @Test("Places are counted among what the person sees")
    func hiddenOnes() async throws {
        let (house, list, videos) = try await filled()
        let (hidden, moved) = (try #require(videos["B"]), try #require(videos["D"]))
        func hide(_ isHidden: Bool) async throws {
            let answer = try await house.client(.admin).send(
                .patch, "/api/v1/videos/\(hidden.id)", json: ["is_hidden": isHidden])
            #expect(answer.status == .ok)
        }
        try await hide(true)
        #expect(try await show(house, list).videoCount == 3)
        #expect(try await put(house, moved, into: list, at: 1).status == .noContent)
        #expect(try await titles(house, list) == ["A", "D", "C"])
        #expect(try await put(house, hidden, into: list, at: 0).code == "video_not_found")
        try await hide(false)
        #expect(try await titles(house, list) == ["A", "B", "D", "C"])
        await house.close()
    }

    @Test("Pages of a playlist go on where the page before ended")
    func paging() async throws {
        let (house, list, videos) = try await filled()
        let first = try await show(house, list, "?limit=3")
        #expect(first.data?.map(\.title) == ["A", "B", "C"])
        let cursor = try #require(first.nextCursor)
        // What goes meanwhile shifts nothing.
        let path = "/api/v1/me/playlists/\(list.id)/videos/\(try #require(videos["A"]).id)"
        for _ in 0..<2 { #expect(try await house.client(.user).send(.delete, path).status == .noContent) }
        let second = try await show(house, list, "?limit=3&cursor=\(cursor)")
        #expect(second.data?.map(\.title) == ["D"] && second.nextCursor == nil && second.videoCount == 3)
        await house.close()
    }

    @Test("Playlists are listed the newest first, named anew and removed")
    func lists() async throws {
        let house = try await VideoHouse()
        var made: [List] = []
        for name in ["One", "Two", "Three"] {
            house.clock.advance(by: 1)
            made.append(try await create(house, name))
        }
        let first = try await house.client(.user).get("/api/v1/me/playlists?limit=2").decode(Page.self)
        #expect(first.data.map(\.name) == ["Three", "Two"])
        let rest = try await house.client(.user).get(
            "/api/v1/me/playlists?limit=2&cursor=\(first.nextCursor ?? "")"
        ).decode(Page.self)
        #expect(rest.data.map(\.name) == ["One"] && rest.nextCursor == nil)
        let path = "/api/v1/me/playlists/\(made[0].id)"
        let renamed = try await house.client(.user).send(.patch, path, json: ["name": " Uno "])
        #expect(try renamed.decode(List.self).name == "Uno")
        #expect(try await house.client(.user).send(.delete, path).status == .noContent)
        #expect(try await house.client(.user).send(.delete, path).code == "playlist_not_found")
        await house.close()
    }

    @Test("Those of others do not exist, for administrators either", arguments: [Role.premium, .admin])
    func others(role: Role) async throws {
        let (house, list, videos) = try await filled()
        let (client, path) = (house.client(role), "/api/v1/me/playlists/\(list.id)")
        let video = try #require(videos["A"])
        #expect(try await client.get(path).code == "playlist_not_found")
        #expect(try await client.send(.patch, path, json: ["name": "Mine"]).code == "playlist_not_found")
        #expect(try await client.send(.delete, path).code == "playlist_not_found")
        #expect(try await put(house, video, into: list, at: 0, as: role).code == "playlist_not_found")
        #expect(try await client.send(.delete, "\(path)/videos/\(video.id)").code == "playlist_not_found")
        #expect(try await client.get("/api/v1/me/playlists").decode(Page.self).data.isEmpty)
        #expect(try await titles(house, list) == ["A", "B", "C", "D"])
        await house.close()
    }

    @Test("Names have a length", arguments: ["", "  ", String(repeating: "x", count: 201), "a\u{202E}b"])
    func names(name: String) async throws {
        let house = try await VideoHouse()
        let list = try await create(house, String(repeating: "é", count: 200))
        let client = house.client(.user)
        #expect(
            try await client.send(.post, "/api/v1/me/playlists", json: ["name": name]).status
                == .unprocessableContent)
        #expect(
            try await client.send(.patch, "/api/v1/me/playlists/\(list.id)", json: ["name": name]).status
                == .unprocessableContent)
        await house.close()
    }

    @Test("There is a most of playlists, and of videos in one")
    func most() async throws {
        let house = try await VideoHouse()
        let list = try await create(house, "Full")
        try await house.fillCatalogue(WatchList.mostVideos)
        let (person, id) = (house.person(.user).id, list.id)
        try await house.database.write { transaction in
            try transaction.execute(
                "INSERT INTO watch_list_videos (list_id, video_id, position) SELECT $1, id, 0 FROM videos", id)
            for number in 1..<WatchList.most {
                try transaction.execute(
                    "INSERT INTO watch_lists (id, user_id, name, created_at, updated_at) VALUES ($1, $2, '', 0, 0)",
                    "list \(number)", person)
            }
        }
        let video = house.video(named: "A")
        try await house.insert(video)
        #expect(try await put(house, video, into: list).code == "playlist_full")
        let answer = try await house.client(.user).send(.post, "/api/v1/me/playlists", json: ["name": "More"])
        #expect(answer.status == .conflict && answer.code == "too_many_playlists")
        _ = try await create(house, "Of another", as: .premium)
        await house.close()
    }

    @Test("Many who move videos at once leave each of them once")
    func together() async throws {
        let (house, list, videos) = try await filled()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, video) in (videos.values.sorted { $0.title < $1.title } + videos.values).enumerated() {
                group.addTask {
                    let answer = try await put(house, video, into: list, at: number % 4)
                    #expect(answer.status == .noContent)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await titles(house, list).sorted() == ["A", "B", "C", "D"])
        let positions = try await house.rowCount("(SELECT DISTINCT position FROM watch_list_videos) AS places")
        #expect(positions == 4)
        await house.close()
    }

    @Test("They go with the person, and forget videos that are gone")
    func removal() async throws {
        let (house, list, videos) = try await filled()
        let video = try #require(videos["A"])
        #expect(try await house.client(.admin).send(.delete, "/api/v1/videos/\(video.id)").status == .noContent)
        #expect(try await titles(house, list) == ["B", "C", "D"])
        try await house.removePerson(.user)
        #expect(try await house.rowCount("watch_lists") == 0)
        #expect(try await house.rowCount("watch_list_videos") == 0)
        await house.close()
    }
}
