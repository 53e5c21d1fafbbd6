import Accounts
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Telemetry
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Views")
struct ViewsTests {
    struct Shown: Decodable { var viewCount: Int }

    func house(duration: Double?) async throws -> (VideoHouse, Video) {
        let house = try await VideoHouse()
        var video = house.video(named: "A")
        video.duration = duration
        try await house.insert(video)
        return (house, video)
    }

    func viewCount(_ house: VideoHouse, _ video: Video) async throws -> Int {
        try await house.videos.personal.write()
        return try await house.client(.admin).get("/api/v1/videos/\(video.id)").decode(Shown.self).viewCount
    }

    /// Plays for so long, in steps of a player's.
    func watch(
        _ house: VideoHouse, _ video: Video, for seconds: Double, as role: Role = .user, session: Int = 1
    ) async throws {
        let client = house.client(role, session: session)
        #expect(try await client.get("/api/v1/videos/\(video.id)/play").status == .ok)
        var position = 0.0
        while position < seconds {
            let step = min(2, seconds - position)
            house.clock.advance(by: step)
            position += step
            let told = try await client.send(
                .post, "/api/v1/videos/\(video.id)/progress", json: ["position": position, "played": step])
            #expect(told.status == .noContent)
        }
    }

    @Test(
        "Ten seconds make a view, or half of a short video",
        arguments: [
            (100, 9.9, 0), (100, 10, 1), (100, 60, 1), (20, 9.9, 0), (20, 10, 1), (8, 3.9, 0), (8, 4, 1), (nil, 9.9, 0),
            (nil, 10, 1),
        ] as [(Double?, Double, Int)])
    func threshold(duration: Double?, seconds: Double, views: Int) async throws {
        let (house, video) = try await house(duration: duration)
        try await watch(house, video, for: seconds)
        #expect(try await viewCount(house, video) == views)
        await house.close()
    }

    @Test("Playing alone is no view, nor is a position without the time that it takes to come there")
    func claims() async throws {
        let (house, video) = try await house(duration: 100)
        let client = house.client(.user)
        for _ in 0..<5 { #expect(try await client.get("/api/v1/videos/\(video.id)/play").status == .ok) }
        for position in [20.0, 40, 60, 80, 100] {
            let told = try await client.send(
                .post, "/api/v1/videos/\(video.id)/progress", json: ["position": position, "played": 20])
            #expect(told.status == .noContent)
        }
        #expect(try await viewCount(house, video) == 0)
        await house.close()
    }

    @Test("A person's view counts once in twelve hours, whatever they sign in with, and one of another person as well")
    func once() async throws {
        let (house, video) = try await house(duration: 100)
        for session in [1, 2, 1] { try await watch(house, video, for: 30, session: session) }
        #expect(try await viewCount(house, video) == 1)
        try await watch(house, video, for: 30, as: .premium)
        #expect(try await viewCount(house, video) == 2)
        // Who forgets what they watched is not counted anew.
        #expect(try await house.client(.user).send(.delete, "/api/v1/me/history").status == .noContent)
        try await watch(house, video, for: 30)
        #expect(try await viewCount(house, video) == 2)
        house.clock.advance(by: 11 * 3600)
        try await watch(house, video, for: 30)
        #expect(try await viewCount(house, video) == 2)
        house.clock.advance(by: 3600)
        try await watch(house, video, for: 30)
        #expect(try await viewCount(house, video) == 3)
        await house.close()
    }

    @Test("What decides nothing any more is forgotten, and what does is not")
    func forgetting() async throws {
        let (house, video) = try await house(duration: 100)
        try await watch(house, video, for: 9)
        try await house.videos.personal.write()
        house.clock.advance(by: 11 * 3600)
        try await watch(house, video, for: 10, as: .premium)
        try await house.videos.personal.write()
        house.clock.advance(by: 3600)
        try await house.videos.upkeep.tidyUp()
        #expect(try await house.rowCount("video_views") == 1)
        try await watch(house, video, for: 2)
        #expect(try await viewCount(house, video) == 1, "the nine seconds of yesterday are over")
        await house.close()
    }

    /// What a second server of the same database has of its own.
    struct Desk {
        let reports = WatchReports()
        let write: WriteWatches

        init(_ house: VideoHouse) {
            let clock = house.clock
            write = WriteWatches(
                database: house.database, reports: reports, facts: nil, log: .silent, now: { clock.now },
                clock: { clock.monotonic })
        }

        /// Without asking who may.
        func tell(_ viewer: Viewer, _ video: Video, from start: Double, until end: Double) {
            let marks = WatchAdmission.Marks(video: 0, person: 0)
            func time(_ second: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(second * 1e9)) }
            _ = reports.admit(
                WatchAdmission(viewer: viewer, marks: marks, duration: video.duration, at: time(start)), to: video.id,
                at: nil)
            let told = reports.tell(
                WatchReport(position: end, played: end - start), by: viewer, of: video.id, marks: marks,
                at: Date(timeIntervalSince1970: 1_800_000_000 + end), time(end))
            #expect(told)
        }
    }

    @Test("Seconds at several servers make one view together")
    func several() async throws {
        let (house, video) = try await house(duration: 100)
        let desks = [Desk(house), Desk(house)]
        for (number, expected) in [0, 0, 0, 1, 1].enumerated() {
            desks[number % 2].tell(
                house.person(.user), video, from: Double(number) * 2.5, until: Double(number + 1) * 2.5)
            try await desks[number % 2].write()
            #expect(try await viewCount(house, video) == expected)
        }
        await house.close()
    }

    @Test("Many tasks at two servers that write the same at once count each view once")
    func concurrent() async throws {
        let (house, video) = try await house(duration: 100)
        var other = house.video(named: "B")
        other.duration = 100
        try await house.insert(other)
        let (viewers, videos) = (house.everyone, [video, other])
        let desks = (0..<2).map { _ in Desk(house) }
        for round in 0..<4 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for desk in desks {
                    for viewer in viewers {
                        group.addTask {
                            for video in videos {
                                desk.tell(viewer, video, from: Double(round) * 5, until: Double(round + 1) * 5)
                            }
                            try await desk.write()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        for each in videos { #expect(try await viewCount(house, each) == viewers.count) }
        let seconds: Double? = try await house.database.read {
            try $0.first("SELECT SUM(seconds) AS total FROM watch_seconds")?.value("total")
        }
        #expect(seconds == Double(4 * 5 * 2 * viewers.count * videos.count), "nothing is lost or written twice")
        await house.close()
    }

    @Test("A thousand players are one transaction, and tell without the database")
    func batch() async throws {
        let house = try await VideoHouse()
        let count = 1_000
        var video = house.video(named: "A")
        video.duration = 100
        try await house.insert(video)
        let people = (0..<count).map { _ in UserID() }
        try await house.database.write { transaction in
            for (number, person) in people.enumerated() {
                try transaction.execute(
                    """
                    INSERT INTO users (id, email, name, role, is_disabled, created_at, password_changed_at, is_otp_enabled)
                    VALUES ($1, $2, 'N', 'user', 0, 0, 0, 0)
                    """, person, "p\(number)@example.org")
            }
        }
        let desk = Desk(house)
        for person in people { desk.tell(Viewer(id: person, role: .user), video, from: 0, until: 12) }
        #expect(desk.reports.unwrittenCount == count)
        for _ in 0..<3 { try await desk.write() }
        #expect(desk.reports.unwrittenCount == 0 && desk.write.transactionCount == 1)
        #expect(try await house.rowCount("watch_positions") == count)
        #expect(try await viewCount(house, video) == count)
        await house.close()
    }

    @Test("Once let in, a player tells its position though the database is away")
    func withoutDatabase() async throws {
        let (house, video) = try await house(duration: 100)
        func tell() async throws -> Response.Status {
            try await house.client(.user).send(
                .post, "/api/v1/videos/\(video.id)/progress", json: ["position": 5]
            ).status
        }
        #expect(try await house.client(.user).get("/api/v1/videos/\(video.id)/play").status == .ok)
        await house.database.close()
        #expect(try await tell() == .noContent)
        house.clock.advance(by: 60)
        #expect(try await tell() == .internalServerError, "the control: who is not known is asked about")
        await house.close()
    }

    @Test("What cannot be written stays, and is written later")
    func outage() async throws {
        let (house, video) = try await house(duration: 100)
        let desk = Desk(house)
        desk.tell(house.person(.user), video, from: 0, until: 12)
        _ = try await house.database.write { try $0.execute("ALTER TABLE video_views RENAME TO away") }
        await #expect(throws: SQLError.self) { try await desk.write() }
        #expect(desk.reports.unwrittenCount == 1)
        _ = try await house.database.write { try $0.execute("ALTER TABLE away RENAME TO video_views") }
        try await desk.write()
        #expect(desk.reports.unwrittenCount == 0)
        #expect(try await viewCount(house, video) == 1)
        await house.close()
    }

    @Test("What was told last is written when the upkeep ends")
    func atTheEnd() async throws {
        let (house, video) = try await house(duration: 100)
        let upkeep = Task { [videos = house.videos] in await videos.upkeep.run(nil) }
        try await watch(house, video, for: 12)
        upkeep.cancel()
        await upkeep.value
        #expect(try await house.rowCount("watch_positions") == 1)
        #expect(try await house.rowCount("video_views WHERE counted_at IS NOT NULL") == 1)
        await house.close()
    }
}
