import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import Accounts
@testable import TestSupport
@testable import Videos

@Suite("History and statistics")
struct HistoryTests {
    struct Entry: Decodable {
        struct Item: Decodable { var title: String }
        var id: String
        var video: Item
        var position: Double
        var duration: Double?
        var resumeAt: Double
        var watched: Bool
        var watchedAt: Date?
        var lastWatchedAt: Date
    }
    struct Page: Decodable {
        var data: [Entry]
        var nextCursor: String?
    }
    struct Statistics: Decodable, Equatable {
        struct Month: Decodable, Equatable {
            var month: String
            var videosWatched: Int
            var secondsWatched: Double
            var favorites: Int
        }
        var videosWatched: Int
        var secondsWatched: Double
        var favorites: Int
        var months: [Month]
    }

    func page(_ house: VideoHouse, _ query: String = "", as role: Role = .user) async throws -> Page {
        try await house.client(role).get("/api/v1/me/history\(query)").decode(Page.self)
    }

    func statistics(_ house: VideoHouse, as role: Role = .user) async throws -> Statistics {
        try await house.client(role).get("/api/v1/me/stats").decode(Statistics.self)
    }

    @discardableResult
    func stop(
        _ house: VideoHouse, _ video: Video, at position: Double, played: Double? = nil, as role: Role = .user
    ) async throws -> Response.Status {
        var report = ["position": position]
        report["played"] = played
        return try await house.client(role).send(.post, "/api/v1/videos/\(video.id)/progress", json: report).status
    }

    func mark(_ house: VideoHouse, _ video: Video, _ isWatched: Bool) async throws -> Response.Status {
        try await house.client(.user).send(isWatched ? .put : .delete, "/api/v1/videos/\(video.id)/watched").status
    }

    /// Videos of 100 seconds.
    func house(with titles: [String]) async throws -> (VideoHouse, [Video]) {
        let house = try await VideoHouse()
        var videos: [Video] = []
        for title in titles {
            var video = house.video(named: title)
            video.duration = 100
            try await house.insert(video)
            videos.append(video)
        }
        return (house, videos)
    }

    @Test("It begins with what was watched last, before anything of it is written")
    func newestFirst() async throws {
        let (house, videos) = try await house(with: ["A", "B", "C"])
        for (video, position) in zip(videos + [videos[0]], [10.0, 20, 30, 40]) {
            house.clock.advance(by: 1)
            #expect(try await stop(house, video, at: position) == .noContent)
        }
        #expect(try await house.rowCount("watch_positions") == 0)
        let entries = try await page(house).data
        #expect(entries.map(\.video.title) == ["A", "C", "B"])
        #expect(entries.map(\.position) == [40, 30, 20] && entries.allSatisfy { $0.duration == 100 && !$0.watched })
        #expect(entries[0].id == "\(videos[0].id)" && entries[0].lastWatchedAt == house.clock.now)
        #expect(try await page(house, as: .premium).data.isEmpty, "others have their own")
        let first = try await page(house, "?limit=2")
        #expect(first.data.count == 2)
        let rest = try await page(house, "?limit=2&cursor=\(first.nextCursor ?? "")")
        #expect(rest.data.map(\.video.title) == ["B"] && rest.nextCursor == nil)
        for wrong in ["?state=x", "?limit=0", "?cursor=x"] {
            #expect(try await house.client(.user).get("/api/v1/me/history\(wrong)").status == .unprocessableContent)
        }
        await house.close()
    }

    @Test(
        "One goes on with what is neither hardly begun nor at its end",
        arguments: [(0, nil), (4.9, nil), (5, 5), (50, 50), (94.9, 94.9), (95, nil), (100, nil), (1000, nil)]
            as [(Double, Double?)])
    func unfinished(position: Double, resumeAt: Double?) async throws {
        let (house, videos) = try await house(with: ["A"])
        #expect(try await stop(house, videos[0], at: position) == .noContent)
        let entry = try #require(try await page(house).data.first)
        #expect(entry.resumeAt == resumeAt ?? 0 && entry.position == min(position, 100))
        #expect(entry.watched == (position >= 95) && (entry.watchedAt != nil) == entry.watched)
        #expect(try await page(house, "?state=unfinished").data.count == (resumeAt == nil ? 0 : 1))
        await house.close()
    }

    @Test("What was watched to its end stays watched when it is begun again, and can be gone on with")
    func again() async throws {
        let (house, videos) = try await house(with: ["A"])
        try await stop(house, videos[0], at: 96)
        try await stop(house, videos[0], at: 30)
        // The end is not missed, though another position came before it was written.
        var entry = try #require(try await page(house, "?state=unfinished").data.first)
        #expect(entry.watched && entry.resumeAt == 30)
        let time = entry.watchedAt
        house.clock.advance(by: 60)
        try await stop(house, videos[0], at: 99)
        entry = try #require(try await page(house).data.first)
        #expect(entry.watchedAt == time && entry.lastWatchedAt == house.clock.now)
        await house.close()
    }

    @Test("By hand it is marked as watched and as not watched, also what was never played")
    func byHand() async throws {
        let (house, videos) = try await house(with: ["A", "B"])
        try await stop(house, videos[0], at: 30)
        for video in videos {
            for _ in 0..<2 { #expect(try await mark(house, video, true) == .noContent) }
        }
        var entries = try await page(house).data
        #expect(entries.count == 2 && entries.allSatisfy { $0.watched && $0.resumeAt == 0 })
        #expect(try await page(house, "?state=unfinished").data.isEmpty)
        #expect(try await statistics(house).videosWatched == 2)
        for _ in 0..<2 { #expect(try await mark(house, videos[0], false) == .noContent) }
        entries = try await page(house).data
        #expect(entries.filter(\.watched).map(\.video.title) == ["B"])
        // Who was at the end begins anew, and who was in the middle does not.
        try await stop(house, videos[0], at: 99)
        try await stop(house, videos[1], at: 40)
        for video in videos { #expect(try await mark(house, video, false) == .noContent) }
        entries = try await page(house).data.sorted { $0.video.title < $1.video.title }
        #expect(entries.map(\.position) == [0, 40] && !entries.contains { $0.watched })
        await house.close()
    }

    @Test("What may not be seen any more is neither shown nor counted nor changed")
    func visibility() async throws {
        let (house, videos) = try await house(with: ["A", "B"])
        for video in videos { try await stop(house, video, at: 96) }
        let hidden = try await house.client(.admin).send(
            .patch, "/api/v1/videos/\(videos[0].id)", json: ["is_hidden": true])
        #expect(hidden.status == .ok)
        #expect(try await page(house).data.map(\.video.title) == ["B"])
        #expect(try await statistics(house).videosWatched == 1)
        #expect(try await stop(house, videos[0], at: 5) == .notFound)
        #expect(try await mark(house, videos[0], true) == .notFound)
        #expect(try await house.client(.user).send(.delete, "/api/v1/me/history/\(videos[0].id)").status == .noContent)
        await house.close()
    }

    @Test("One entry is forgotten, or all, also what is not written yet", arguments: [true, false])
    func forgetting(isWritten: Bool) async throws {
        let (house, videos) = try await house(with: ["A", "B", "C"])
        for video in videos {
            try await stop(house, video, at: 50)
            house.clock.advance(by: 5)
            try await stop(house, video, at: 96, played: 5)
        }
        try await stop(house, videos[0], at: 20, as: .premium)
        if isWritten { try await house.videos.personal.write() }
        let path = "/api/v1/me/history"
        for _ in 0..<2 {
            #expect(try await house.client(.user).send(.delete, "\(path)/\(videos[1].id)").status == .noContent)
            #expect(try await page(house).data.map(\.video.title) == ["C", "A"])
            #expect(try await statistics(house).secondsWatched == 10)
        }
        #expect(try await house.client(.user).send(.delete, path).status == .noContent)
        try await house.videos.personal.write()
        #expect(try await page(house).data.isEmpty)
        let nothing = Statistics(videosWatched: 0, secondsWatched: 0, favorites: 0, months: [])
        #expect(try await statistics(house) == nothing)
        #expect(try await page(house, as: .premium).data.count == 1, "that of others stays")
        await house.close()
    }

    @Test("Statistics tell what was watched, how long, and what is liked, by month")
    func months() async throws {
        let (house, videos) = try await house(with: ["A", "B"])
        // 2027-01-15
        try await stop(house, videos[0], at: 0)
        house.clock.advance(by: 60)
        try await stop(house, videos[0], at: 60, played: 60)
        #expect(
            try await house.client(.user).send(.put, "/api/v1/videos/\(videos[0].id)/favorite").status == .noContent)
        try await house.videos.personal.write()
        house.clock.advance(by: 31 * 86_400)
        try await stop(house, videos[0], at: 60)
        house.clock.advance(by: 36)
        try await stop(house, videos[0], at: 96, played: 36)
        #expect(try await mark(house, videos[1], true) == .noContent)
        let found = try await statistics(house)
        #expect(
            found
                == Statistics(
                    videosWatched: 2, secondsWatched: 96, favorites: 1,
                    months: [
                        .init(month: "2027-02", videosWatched: 2, secondsWatched: 36, favorites: 0),
                        .init(month: "2027-01", videosWatched: 0, secondsWatched: 60, favorites: 1),
                    ]))
        #expect(try await statistics(house, as: .premium).months.isEmpty)
        await house.close()
    }

    @Test("All of it goes with the video, and with the person, though something of it was not written yet")
    func removal() async throws {
        let (house, videos) = try await house(with: ["A", "B"])
        for role in [Role.user, .premium] {
            for video in videos {
                try await stop(house, video, at: 0, as: role)
                house.clock.advance(by: 20)
                try await stop(house, video, at: 20, played: 20, as: role)
            }
        }
        let tables = ["watch_positions", "watch_seconds", "video_views"]
        func rows() async throws -> [Int] {
            var counts: [Int] = []
            for table in tables { counts.append(try await house.rowCount(table)) }
            return counts
        }
        try await house.removeForGood(videos[0].id)
        try await house.videos.personal.write()
        #expect(try await rows() == [2, 2, 2])
        for video in videos.dropFirst() { try await stop(house, video, at: 30) }
        try await house.removePerson(.user)
        try await house.videos.personal.write()
        #expect(try await rows() == [1, 1, 1])
        await house.close()
    }
}
