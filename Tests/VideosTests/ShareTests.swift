import Accounts
import FoundationEssentials
import HTTP
import Reactor
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Links of videos")
struct ShareTests {
    struct Link: Decodable {
        var id: String
        var url: String
        var embedUrl: String?
        var isOpen: Bool
        var viewCount: Int

        var token: String { String(url.split(separator: "/").last ?? "") }
    }
    struct Links: Decodable { var data: [Link] }
    struct Facts: Decodable {
        var title: String?
        var asksPassword: Bool
        var startsAtSeconds: Double
        var thumbnailUrl: String?
    }
    struct Play: Decodable {
        var status: String
        var grant: String?
        var playbackUrl: String?
        var expiresAt: Date?
        var startsAtSeconds: Double
        var title: String
        var storyboardUrl: String?
    }

    func house(_ change: (inout Video) -> Void = { _ in }) async throws -> (VideoHouse, Video) {
        let house = try await VideoHouse()
        var video = house.video(named: "Film")
        change(&video)
        try await house.insert(video)
        let id = video.id
        try await house.database.write { _ = try $0.execute("UPDATE videos SET has_thumbnail = 1 WHERE id = $1", id) }
        return (house, video)
    }

    func send(
        _ house: VideoHouse, _ video: Video, _ body: String, as role: Role = .creator
    ) async throws
        -> InProcessClient.Answer
    {
        try await house.client(role).send(
            .post, "/api/v1/videos/\(video.id)/shares", headers: ["Content-Type": "application/json"],
            body: RequestBody(body))
    }

    func link(_ house: VideoHouse, _ video: Video, _ body: String = "{}", as role: Role = .creator) async throws -> Link
    {
        let answer = try await send(house, video, body, as: role)
        #expect(answer.status == .created, "\(answer.text)")
        return try answer.decode(Link.self)
    }

    func play(_ house: VideoHouse, _ link: Link, _ visit: [String: String] = [:]) async throws -> InProcessClient.Answer
    {
        try await house.client(nil).send(.post, "/api/v1/shares/\(link.token)/play", json: visit)
    }

    func begin(_ house: VideoHouse, _ link: Link, _ visit: [String: String] = [:]) async throws -> Play {
        let answer = try await play(house, link, visit)
        #expect(answer.status == .ok, "\(answer.text)")
        return try answer.decode(Play.self)
    }

    /// What the key of the video answers to somebody who has nothing but a grant.
    func key(_ house: VideoHouse, _ play: Play) async throws -> String {
        let answer = try await house.client(nil).get("/api/v1/play/\(play.grant ?? "")/720p/key")
        return answer.status == .ok ? "open" : answer.code ?? "\(answer.status.code)"
    }

    @Test(
        "From a link to the key with nothing but addresses, hidden and premium ones as well",
        arguments: [(false, false), (true, false), (false, true)])
    func chain(premium: Bool, hidden: Bool) async throws {
        let (house, video) = try await self.house {
            $0.isPremium = premium
            $0.isHidden = hidden
        }
        let link = try await link(house, video, #"{"starts_at_seconds":3}"#)
        #expect(link.url == "/s/\(link.token)" && link.embedUrl == nil && link.isOpen && link.viewCount == 0)
        let stranger = house.client(nil)
        let facts = try await stranger.get("/api/v1/shares/\(link.token)")
        #expect(facts.headers[.cacheControl] == "private, no-store")
        let told = try facts.decode(Facts.self)
        #expect(told.title == "Film" && !told.asksPassword && told.startsAtSeconds == 3)
        #expect(try await stranger.get(try #require(told.thumbnailUrl)).status == .ok)
        let play = try await begin(house, link)
        #expect(play.title == "Film" && play.startsAtSeconds == 3 && play.status == "ready")
        #expect(try await stranger.get(try #require(play.playbackUrl)).status == .ok)
        #expect(try await stranger.get(try #require(play.storyboardUrl)).status == .ok)
        #expect(try await key(house, play) == "open")
        // Nothing else of the house.
        #expect(try await stranger.get("/api/v1/videos/\(video.id)").status == .unauthorized)
        #expect(
            try await stranger.get("/api/v1/videos/\(video.id)/original?token=\(play.grant ?? "")").code
                == "unauthorized")
        await house.close()
    }

    @Test("Only those who may change a video make, see and revoke its links", arguments: Role.allCases)
    func managing(role: Role) async throws {
        let (house, video) = try await self.house()
        let admin = house.admin
        try await house.database.write {
            _ = try $0.execute("UPDATE videos SET owner_id = $1 WHERE id = $2", admin.id, video.id)
        }
        let made = try await link(house, video, as: .admin)
        let path = "/api/v1/videos/\(video.id)/shares"
        let wanted: Response.Status? = role == .admin ? nil : .forbidden
        #expect(try await send(house, video, "{}", as: role).status == wanted ?? .created)
        #expect(try await house.client(role).get(path).status == wanted ?? .ok)
        #expect(try await house.client(role).send(.delete, "\(path)/\(made.id)").status == wanted ?? .noContent)
        #expect(try await house.client(nil).get(path).status == .unauthorized)
        await house.close()
    }

    @Test("A revoked link opens nothing at once, nor does what was opened by it; another link goes on")
    func revoking() async throws {
        let (house, video) = try await self.house()
        let (revoked, other) = (try await link(house, video), try await link(house, video))
        let (ended, running) = (try await begin(house, revoked), try await begin(house, other))
        #expect(try await key(house, ended) == "open")
        let path = "/api/v1/videos/\(video.id)/shares"
        #expect(try await house.client(.creator).send(.delete, "\(path)/\(revoked.id)").status == .noContent)
        #expect(try await key(house, ended) == "grant_expired")
        #expect(try await key(house, running) == "open")
        #expect(try await play(house, revoked, ["grant": ended.grant ?? ""]).code == "share_not_found")
        #expect(try await house.client(nil).get("/api/v1/shares/\(revoked.token)").code == "share_not_found")
        #expect(try await house.client(.creator).send(.delete, "\(path)/\(revoked.id)").code == "share_not_found")
        let left = try await house.client(.creator).get(path).decode(Links.self)
        #expect(left.data.map(\.id) == [other.id] && left.data[0].url == other.url && left.data[0].viewCount == 1)
        await house.close()
    }

    @Test("Another server, and this one after a restart, know of a link that was revoked")
    func restarted() async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video)
        let play = try await begin(house, link)
        let path = "/api/v1/videos/\(video.id)/shares/\(link.id)"
        #expect(try await house.client(.creator).send(.delete, path).status == .noContent)
        let second = try await VideoHouse(keeping: house)
        #expect(try await key(second, play) == "open")
        try await second.videos.revocations.load()
        #expect(try await key(second, play) == "grant_expired")
        await second.close(keepingDatabase: true)
        await house.close()
    }

    @Test("A link lends no more than its maker has", arguments: Fate.allCases)
    func makersRight(fate: Fate) async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video)
        let play = try await begin(house, link)
        try await house.befall(.creator, fate)
        let isOpen = fate == .signedOut
        #expect(try await key(house, play) == (isOpen ? "open" : "grant_expired"))
        #expect(try await self.play(house, link).code == (isOpen ? nil : "share_not_found"))
        let listed = try await house.client(.admin).get("/api/v1/videos/\(video.id)/shares").decode(Links.self)
        #expect(listed.data.map(\.isOpen) == [isOpen])
        await house.close()
    }

    @Test("A removed video is not shared any more")
    func removedVideo() async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video)
        let play = try await begin(house, link)
        #expect(try await house.client(.creator).send(.delete, "/api/v1/videos/\(video.id)").status == .noContent)
        #expect(try await key(house, play) == "grant_expired")
        #expect(try await self.play(house, link).code == "share_not_found")
        await house.close()
    }

    @Test("A link ends at its time, and what was opened by it ends with it")
    func expiry() async throws {
        let (house, video) = try await self.house()
        let end = house.clock.now.addingTimeInterval(60)
        let link = try await link(house, video, #"{"expires_at":"\#(InternetTime(end))"}"#)
        let play = try await begin(house, link)
        #expect(play.expiresAt == end)
        house.clock.advance(by: 59)
        #expect(try await key(house, play) == "open")
        house.clock.advance(by: 1)
        #expect(try await key(house, play) == "grant_expired")
        for visit in [[:], ["grant": play.grant ?? ""]] {
            let answer = try await self.play(house, link, visit)
            #expect(answer.status == .gone && answer.code == "share_over")
        }
        #expect(try await house.client(nil).get("/api/v1/shares/\(link.token)").code == "share_over")
        await house.close()
    }

    @Test("Never more views than the limit, however many ask at once, and one that goes on is one")
    func viewLimit() async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video, #"{"view_limit":3}"#)
        let second = try await VideoHouse(keeping: house)
        let grants = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<12 {
                let house = number % 2 == 0 ? house : second
                group.addTask {
                    let answer = try await play(house, link)
                    return answer.status == .ok ? try answer.decode(Play.self).grant ?? "none" : answer.code ?? "none"
                }
            }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        let given = grants.filter { $0 != "share_over" }
        #expect(given.count == 3 && !given.contains("none"))
        let running = try #require(given.first)
        let again = try await begin(house, link, ["grant": running])
        #expect(again.grant == running)
        let listed = try await house.client(.creator).get("/api/v1/videos/\(video.id)/shares").decode(Links.self)
        #expect(listed.data.map(\.viewCount) == [3] && listed.data.map(\.isOpen) == [false])
        #expect(try await house.client(.creator).get("/api/v1/videos/\(video.id)").text.contains(#""view_count":0"#))
        await second.close(keepingDatabase: true)
        await house.close()
    }

    @Test("A grant of another link, of another video or of a person goes on with no view")
    func foreignGrants() async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video, #"{"view_limit":1}"#)
        _ = try await begin(house, link)
        let others = [
            try await begin(house, try await self.link(house, video)).grant ?? "",
            try GrantRevocationTests.grant(in: try await house.client(.user).get("/api/v1/videos/\(video.id)/play")),
        ]
        for grant in others { #expect(try await play(house, link, ["grant": grant]).code == "share_over") }
        await house.close()
    }

    struct Locks: Sendable {
        var ofVideo: String?
        var ofLink: String?
        var replaces: Bool
        /// What opens it; nil where nothing is asked.
        var opens: String?
    }
    static let locks = [
        Locks(ofVideo: nil, ofLink: "link", replaces: false, opens: "link"),
        Locks(ofVideo: "video", ofLink: nil, replaces: false, opens: "video"),
        Locks(ofVideo: "video", ofLink: "link", replaces: true, opens: "link"),
        Locks(ofVideo: "video", ofLink: nil, replaces: true, opens: nil),
    ]

    @Test("One password is asked for: that of the video, unless the link stands in its place", arguments: locks)
    func passwords(_ locks: Locks) async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        if let password = locks.ofVideo {
            #expect(try await house.client(.creator).send(.patch, path, json: ["password": password]).status == .ok)
        }
        let own = locks.ofLink.map { #","password":"\#($0)""# } ?? ""
        let link = try await link(house, video, #"{"replaces_password":\#(locks.replaces)\#(own)}"#)
        let facts = try await house.client(nil).get("/api/v1/shares/\(link.token)").decode(Facts.self)
        #expect(facts.asksPassword == (locks.opens != nil))
        // Nothing of it is told before.
        #expect((facts.title == nil) == (locks.opens != nil) && (facts.thumbnailUrl == nil) == (locks.opens != nil))
        guard let opens = locks.opens else {
            #expect(try await key(house, try await begin(house, link)) == "open")
            return await house.close()
        }
        #expect(try await house.client(nil).get("/api/v1/shares/\(link.token)/thumbnail.jpg").code == "share_locked")
        #expect(try await play(house, link).code == "share_locked")
        for wrong in ["video", "link", ""] where wrong != opens {
            #expect(try await play(house, link, ["password": wrong]).code == "wrong_password")
        }
        let play = try await begin(house, link, ["password": opens])
        #expect(try await key(house, play) == "open")
        // For as long as a password is remembered, and no longer.
        #expect(try await begin(house, link, ["grant": play.grant ?? ""]).grant == play.grant)
        house.clock.advance(by: 3600)
        #expect(try await key(house, play) == "grant_expired")
        #expect(try await self.play(house, link, ["grant": play.grant ?? ""]).code == "share_locked")
        await house.close()
    }

    @Test("A password that the video gets later ends what a link opened, and is asked for by the link")
    func laterPassword() async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video)
        let play = try await begin(house, link)
        let path = "/api/v1/videos/\(video.id)"
        #expect(try await house.client(.creator).send(.patch, path, json: ["password": "sesame"]).status == .ok)
        #expect(try await key(house, play) == "grant_expired")
        #expect(try await self.play(house, link, ["grant": play.grant ?? ""]).code == "share_locked")
        #expect(try await begin(house, link, ["password": "sesame"]).grant != nil)
        await house.close()
    }

    @Test("Wrong passwords are limited for each link and network, whoever sends them; right ones are not")
    func attempts() async throws {
        let (house, video) = try await self.house()
        let (first, second) = (
            try await link(house, video, #"{"password":"one"}"#), try await link(house, video, #"{"password":"one"}"#)
        )
        for _ in 0..<UnlockAttempts.limit {
            #expect(try await play(house, first, ["password": "x"]).code == "wrong_password")
        }
        let refused = try await play(house, first, ["password": "one"])
        #expect(refused.code == "too_many_attempts" && refused.headers[.retryAfter] != nil)
        #expect(try await play(house, second, ["password": "one"]).status == .ok)
        house.clock.advance(by: 90)
        #expect(try await play(house, first, ["password": "one"]).status == .ok)
        await house.close()
    }

    @Test(
        "What no link can be is refused with the name of the field",
        arguments: [
            (#"{"expires_at":"2020-01-01T00:00:00Z"}"#, "expires_at"), (#"{"view_limit":0}"#, "view_limit"),
            (#"{"view_limit":1000001}"#, "view_limit"), (#"{"starts_at_seconds":-1}"#, "starts_at_seconds"),
            (#"{"starts_at_seconds":1e9}"#, "starts_at_seconds"),
            (#"{"password":"\#(String(repeating: "x", count: 201))"}"#, "password"),
        ])
    func refusals(body: String, field: String) async throws {
        let (house, video) = try await self.house()
        let answer = try await send(house, video, body)
        #expect(
            answer.status == .unprocessableContent && answer.text.contains(#""field":"\#(field)""#), "\(answer.text)")
        await house.close()
    }

    @Test(
        "A second password needs the word of the maker that it replaces the first, and there are not endlessly many links"
    )
    func bounds() async throws {
        let (house, video) = try await self.house { $0.passwordHash = "x" }
        let answer = try await send(house, video, #"{"password":"own"}"#)
        #expect(answer.text.contains(#""code":"video_has_password""#))
        for _ in 0..<Share.most { #expect(try await send(house, video, "{}").status == .created) }
        let refused = try await send(house, video, "{}")
        #expect(refused.status == .conflict && refused.code == "too_many_shares")
        await house.close()
    }

    @Test("Making and revoking is told by the audit, without an address")
    func audited() async throws {
        let (house, video) = try await self.house()
        let link = try await link(house, video, #"{"view_limit":3,"password":"one"}"#)
        let path = "/api/v1/videos/\(video.id)/shares/\(link.id)"
        #expect(try await house.client(.creator).send(.delete, path).status == .noContent)
        let told = try await house.database.read { access in
            try access.query("SELECT action, before_json, after_json FROM audit ORDER BY id").map { row in
                let (before, after): (String?, String?) = (try row.value("before_json"), try row.value("after_json"))
                return "\(try row.value("action", as: String.self)) \(before ?? "") \(after ?? "")"
            }
        }
        #expect(told.count == 2 && told[0].contains("video.shared") && told[1].contains("video.share_revoked"))
        #expect(told[0].contains(link.id) && !told.joined().contains(link.token))
        await house.close()
    }

    @Test("A video that is not ready counts no view")
    func notReady() async throws {
        let (house, video) = try await self.house { $0.status = .processing }
        let play = try await begin(house, try await link(house, video, #"{"view_limit":1}"#))
        #expect(play.grant == nil && play.playbackUrl == nil && play.status == "processing")
        let listed = try await house.client(.creator).get("/api/v1/videos/\(video.id)/shares").decode(Links.self)
        #expect(listed.data.map(\.viewCount) == [0])
        await house.close()
    }
}
