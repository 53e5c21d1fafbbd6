import Accounts
import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import Videos

@Suite("What passwords of videos have opened")
struct AccessSessionTests {
    struct Count: Decodable {
        var live: Int
    }

    struct Unlocked: Decodable {
        var token: String
    }

    static let password = "sesame"

    /// A house with a video that has a password.
    func withLocked(_ body: (VideoHouse, Video, _ path: String) async throws -> Void) async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Film")
        try await house.insert(video)
        let path = "/api/v1/videos/\(video.id)"
        _ = try await house.client(.creator).send(.patch, path, json: ["password": Self.password])
        try await body(house, video, path)
        await house.close()
    }

    @discardableResult
    func unlock(_ house: VideoHouse, _ path: String, _ role: Role, session: Int = 1) async throws -> InProcessClient {
        let client = house.client(role, session: session)
        let answer = try await client.send(.post, path + "/unlock", json: ["password": Self.password])
        #expect(answer.status == .ok)
        return client
    }

    func live(_ house: VideoHouse, _ path: String) async throws -> Int {
        try await house.client(.creator).get(path + "/access-sessions").decode(Count.self).live
    }

    func rows(_ house: VideoHouse) async throws -> Int? {
        try await house.database.read { try $0.first("SELECT COUNT(*) AS n FROM access_sessions")?.value("n") }
    }

    @Test("The owner sees how many have it open: a sign-in counts once, a wrong password never, and none for ever")
    func counting() async throws {
        try await withLocked { house, _, path in
            #expect(try await live(house, path) == 0)
            try await unlock(house, path, .user)
            try await unlock(house, path, .user)
            #expect(try await live(house, path) == 1)
            try await unlock(house, path, .user, session: 2)
            try await unlock(house, path, .premium)
            #expect(try await live(house, path) == 3)
            let wrong = try await house.client(.admin).send(.post, path + "/unlock", json: ["password": "x"])
            #expect(wrong.code == "wrong_password")
            #expect(try await live(house, path) == 3)
            house.clock.advance(by: 3600)
            #expect(try await live(house, path) == 0)
        }
    }

    @Test("Others are told nothing of it, and end nothing")
    func others() async throws {
        try await withLocked { house, _, path in
            try await unlock(house, path, .user)
            for role in [Role.user, .premium] {
                #expect(try await house.client(role).get(path + "/access-sessions").code == "forbidden")
                #expect(try await house.client(role).send(.delete, path + "/access-sessions").code == "forbidden")
            }
            #expect(try await live(house, path) == 1)
        }
    }

    @Test("The owner ends all of them with what plays; the password is good as before")
    func ending() async throws {
        try await withLocked { house, _, path in
            let client = try await unlock(house, path, .user)
            let master = try #require(
                try await client.get(path + "/play").decode(PlaybackTests.PlayAnswer.self).playbackUrl)
            #expect(try await house.client(nil).get(master).status == .ok)
            #expect(try await house.client(.creator).send(.delete, path + "/access-sessions").status == .noContent)
            #expect(try await live(house, path) == 0)
            #expect(try await client.get(path + "/play").code == "video_locked")
            #expect(try await client.get(path + "/thumbnail.jpg").code == "video_locked")
            #expect(try await client.get(path + "/captions").code == "video_locked")
            #expect(try await house.client(nil).get(master).code == "grant_expired")
            try await unlock(house, path, .user)
            #expect(try await house.client(.creator).send(.delete, path + "/access-sessions").status == .noContent)
        }
    }

    @Test("Where nothing is open, nothing is ended: what the owner plays goes on")
    func endingNothing() async throws {
        try await withLocked { house, _, path in
            let owner = house.client(.creator)
            let master = try #require(
                try await owner.get(path + "/play").decode(PlaybackTests.PlayAnswer.self).playbackUrl)
            #expect(try await owner.send(.delete, path + "/access-sessions").status == .noContent)
            #expect(try await house.client(nil).get(master).status == .ok)
        }
    }

    @Test("Another password, or none, leaves none open", arguments: [#"{"password":"other"}"#, #"{"password":null}"#])
    func anotherPassword(body: String) async throws {
        try await withLocked { house, _, path in
            try await unlock(house, path, .user)
            let json: HeaderFields = ["Content-Type": "application/json"]
            #expect(
                try await house.client(.creator).send(.patch, path, headers: json, body: RequestBody(#"{"title":"T"}"#))
                    .status == .ok)
            #expect(try await live(house, path) == 1)
            _ = try await house.client(.creator).send(.patch, path, headers: json, body: RequestBody(body))
            #expect(try await rows(house) == 0)
        }
    }

    @Test("A sign-in that ends takes its own along; another role or none takes all", arguments: Fate.allCases)
    func people(fate: Fate) async throws {
        try await withLocked { house, _, path in
            try await unlock(house, path, .premium)
            try await unlock(house, path, .premium, session: 2)
            try await unlock(house, path, .user)
            try await house.befall(.premium, fate)
            #expect(try await live(house, path) == (fate == .signedOut ? 2 : 1))
        }
    }

    @Test("What ends grants and proofs is remembered for as long as the longer of them is good")
    func memory() {
        var settings = VideoSettings()
        settings.grantLifetime = .seconds(10)
        #expect(settings.longestGrant == settings.unlockLifetime)
        settings.grantLifetime = .seconds(7200)
        #expect(settings.longestGrant == .seconds(7200))
    }

    @Test("A removed video leaves no rows")
    func removed() async throws {
        try await withLocked { house, video, path in
            try await unlock(house, path, .user)
            try await house.removeForGood(video.id)
            #expect(try await rows(house) == 0)
        }
    }

    @Test("People without an account have rows too: they count, and end with the video's")
    func strangers() async throws {
        try await withLocked { house, video, path in
            let moment = house.clock.now
            let store = AccessSessionStore()
            let sessions = (0..<2).map { _ in
                AccessSession(
                    video: video.id, session: SessionID(), person: nil, beganAt: moment, expiresAt: moment + 60)
            }
            try await house.database.write { for session in sessions { try store.put(session, in: $0) } }
            #expect(try await live(house, path) == 2)
            #expect(try await house.client(.creator).send(.delete, path + "/access-sessions").status == .noContent)
            #expect(try await live(house, path) == 0)
        }
    }

    @Test("What is over goes, a bounded number with each transaction, and what is not stays")
    func upkeep() async throws {
        try await withLocked { house, video, path in
            let store = AccessSessionStore()
            let moment = house.clock.now
            try await house.database.write { transaction in
                for number in -3..<2 {
                    try store.put(
                        AccessSession(
                            video: video.id, session: SessionID(), person: nil, beganAt: moment - 60,
                            expiresAt: moment + Double(number)), in: transaction)
                }
            }
            let removed = try await house.database.write {
                try store.removeExpired(at: moment, most: 3, in: $0)
            }
            #expect(removed == 3)
            #expect(try await rows(house) == 2)
            try await house.videos.upkeep.tidyUp()
            // One is over at this very moment.
            #expect(try await rows(house) == 1)
            #expect(try await live(house, path) == 1)
        }
    }
}
