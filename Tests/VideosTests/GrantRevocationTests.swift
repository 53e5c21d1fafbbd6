import Accounts
import FoundationEssentials
import HTTP
import Reactor
import Security
import Testing
import Web

@testable import Videos

@Suite("Grants that end before their time")
struct GrantRevocationTests {
    struct PlayAnswer: Decodable {
        var playbackUrl: String?
    }

    struct Unlocked: Decodable {
        var token: String
    }

    func house(_ change: (inout Video) -> Void = { _ in }) async throws -> (VideoHouse, Video) {
        let house = try await VideoHouse()
        var video = house.video(named: "Film")
        change(&video)
        try await house.insert(video)
        return (house, video)
    }

    func grant(_ house: VideoHouse, _ video: Video, as role: Role, session: Int = 1) async throws -> String {
        let answer = try await house.client(role, session: session).get("/api/v1/videos/\(video.id)/play")
        return try Self.grant(in: answer)
    }

    static func grant(in answer: InProcessClient.Answer) throws -> String {
        String(try #require(try answer.decode(PlayAnswer.self).playbackUrl?.split(separator: "/").dropLast().last))
    }

    /// What the key of a video answers to somebody who has nothing but a grant.
    func key(_ house: VideoHouse, _ video: Video, _ grant: String) async throws -> String {
        let answer = try await house.client(nil).get("/api/v1/play/\(grant)/720p/key")
        return answer.status == .ok ? "open" : answer.code ?? "\(answer.status.code)"
    }

    static let table: [(body: String, ends: Bool)] = [
        (#"{"is_hidden":true}"#, true), (#"{"is_premium":true}"#, true), (#"{"password":"sesame"}"#, true),
        (#"{"is_hidden":false}"#, false), (#"{"is_premium":false}"#, false), (#"{"password":null}"#, false),
        (#"{"title":"Another"}"#, false),
    ]

    @Test("A grant ends at once when fewer may see its video, and not when more may", arguments: table)
    func changes(body: String, ends: Bool) async throws {
        let (house, video) = try await self.house()
        let grant = try await grant(house, video, as: .user)
        #expect(try await key(house, video, grant) == "open")
        let changed = try await house.client(.creator).send(
            .patch, "/api/v1/videos/\(video.id)", headers: ["Content-Type": "application/json"],
            body: RequestBody(body))
        #expect(changed.status == .ok)
        #expect(try await key(house, video, grant) == (ends ? "grant_expired" : "open"))
        // Who still may gets another one that is good.
        let renewed = try await self.grant(house, video, as: .creator)
        #expect(try await key(house, video, renewed) == "open")
        await house.close()
    }

    @Test("Another password ends what the one before opened")
    func anotherPassword() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        let client = house.client(.user)
        let proof = try await client.send(.post, path + "/unlock", json: ["password": "sesame"]).decode(Unlocked.self)
        let grant = try Self.grant(in: try await client.get(path + "/play"))
        #expect(try await key(house, video, grant) == "open")
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "changed"])
        #expect(try await key(house, video, grant) == "grant_expired")
        #expect(try await client.get(path + "/play").code == "video_locked")
        let headers: HeaderFields = ["X-Video-Unlock": proof.token]
        #expect(try await house.client(.user).get(path + "/play", headers: headers).code == "video_locked")
        // Set back to the first one it is another password all the same: its hash has another salt.
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        #expect(try await client.get(path + "/play").code == "video_locked")
        // Whoever gives the new one does not bring the old proof back.
        #expect(try await client.send(.post, path + "/unlock", json: ["password": "sesame"]).status == .ok)
        #expect(try await house.client(.user).get(path + "/play", headers: headers).code == "video_locked")
        await house.close()
    }

    @Test("A proof from before there was a password proves nothing")
    func proofWithoutPassword() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        let client = house.client(.user)
        #expect(try await client.send(.post, path + "/unlock", json: ["password": "x"]).status == .ok)
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        #expect(try await client.get(path + "/play").code == "video_locked")
        await house.close()
    }

    @Test("A play grant proves no password, and the proof of a password plays nothing")
    func purposes() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        let old = try await grant(house, video, as: .user)
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        // The owner's grant is as good as one can be.
        let grant = try await grant(house, video, as: .creator)
        for token in [old, grant] {
            for headers in [["X-Video-Unlock": token], ["Cookie": "palco_unlock_\(video.id)=\(token)"]]
                as [HeaderFields]
            {
                #expect(try await house.client(.user).get(path + "/play", headers: headers).code == "video_locked")
            }
            #expect(try await house.client(.user).get(path + "/play?unlock=\(token)").code == "video_locked")
        }
        let proof = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "sesame"])
        #expect(try await key(house, video, try proof.decode(Unlocked.self).token) == "grant_invalid")
        await house.close()
    }

    @Test("The proof of a password is its person's alone")
    func borrowedProof() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        let answer = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "sesame"])
        let headers: HeaderFields = ["X-Video-Unlock": try answer.decode(Unlocked.self).token]
        #expect(try await house.client(.user).get(path + "/play", headers: headers).status == .ok)
        #expect(try await house.client(.premium).get(path + "/play", headers: headers).code == "video_locked")
        // Not even of somebody who has given the password too.
        let own = try await house.client(.premium).send(.post, path + "/unlock", json: ["password": "sesame"])
        #expect(own.status == .ok)
        #expect(try await house.client(.premium).get(path + "/play", headers: headers).code == "video_locked")
        await house.close()
    }

    @Test("A removed video's grants end with it")
    func removed() async throws {
        let (house, video) = try await self.house()
        let grant = try await grant(house, video, as: .user)
        #expect(try await house.client(.admin).send(.delete, "/api/v1/videos/\(video.id)").status == .noContent)
        #expect(try await key(house, video, grant) == "grant_expired")
        await house.close()
    }

    @Test("A sign-in that ends takes its own grants along; another role or none takes all", arguments: Fate.allCases)
    func people(fate: Fate) async throws {
        let (house, video) = try await self.house()
        let own = try await grant(house, video, as: .creator)
        let other = try await grant(house, video, as: .creator, session: 2)
        let stranger = try await grant(house, video, as: .user)
        try await house.befall(.creator, fate)
        #expect(try await key(house, video, own) == "grant_expired")
        #expect(try await key(house, video, other) == (fate == .signedOut ? "open" : "grant_expired"))
        #expect(try await key(house, video, stranger) == "open")
        // Whoever may still play gets a new one that is good.
        if fate == .demoted {
            #expect(try await key(house, video, try await grant(house, video, as: .creator)) == "open")
        }
        await house.close()
    }

    @Test("What ended a grant is known after a restart, and in other processes")
    func rows() async throws {
        let (house, video) = try await self.house()
        let (own, other) = (
            try await grant(house, video, as: .creator), try await grant(house, video, as: .creator, session: 2)
        )
        let stranger = try await grant(house, video, as: .user)
        let next = try await VideoHouse(keeping: house)
        try await house.befall(.creator, .signedOut)
        #expect(try await key(next, video, own) == "open", "another process does not know yet")
        try await next.videos.revocations.refresh()
        #expect(try await key(next, video, own) == "grant_expired")
        #expect(try await key(next, video, other) == "open")
        house.clock.advance(by: 3600)
        try await house.befall(.user, .disabled)
        house.clock.advance(by: 3600)
        let restarted = try await VideoHouse(keeping: house)
        try await restarted.videos.revocations.load()
        for grant in [own, stranger] { #expect(try await key(restarted, video, grant) == "grant_expired") }
        #expect(try await key(restarted, video, other) == "open")
        await next.close(keepingDatabase: true)
        await restarted.close(keepingDatabase: true)
        await house.close()
    }

    @Test("Rows that no grant needs any more go")
    func oldRows() async throws {
        let (house, _) = try await self.house()
        try await house.befall(.creator, .signedOut)
        func count() async throws -> Int? {
            try await house.database.read {
                try $0.first("SELECT COUNT(*) AS count FROM grant_revocations")?.value("count")
            }
        }
        try await house.videos.upkeep.tidyUp()
        #expect(try await count() == 1)
        house.clock.advance(by: 2 * 6 * 3600 + 1)
        try await house.videos.upkeep.tidyUp()
        #expect(try await count() == 0)
        await house.close()
    }

    // MARK: In memory

    static let video = VideoID()
    static let person = UserID()
    static let session = SessionID()

    func grant(from revocations: GrantRevocations) -> Grant {
        let marks = revocations.marks(of: Self.video, for: Self.person)
        return Grant(
            .playback, subject: Self.video, holder: Self.person, session: Self.session, subjectMark: marks.video,
            holderMark: marks.person, expiresAt: 10)
    }

    static let subjects: [GrantRevocation.Subject] = [.video(video), .person(person), .session(session)]

    @Test("An entry is kept as long as a grant may live, by the monotonic clock", arguments: subjects)
    func pruning(subject: GrantRevocation.Subject) {
        let revocations = GrantRevocations(lifetime: .seconds(100))
        let start = MonotonicTime.now
        let old = grant(from: revocations)
        revocations.note(GrantRevocation(subject: subject), at: start)
        #expect(!revocations.isGood(old))
        revocations.prune(at: start + .seconds(100))
        #expect(!revocations.isGood(old) && revocations.count == 1)
        revocations.prune(at: start + .seconds(103))
        #expect(revocations.count == 0)
    }

    @Test("A grant from before an entry that was dropped does not come back with the next change")
    func noReturn() {
        let revocations = GrantRevocations(lifetime: .seconds(100))
        let start = MonotonicTime.now
        revocations.note(GrantRevocation(subject: .video(Self.video)), at: start)
        let middle = grant(from: revocations)
        #expect(revocations.isGood(middle))
        revocations.prune(at: start + .seconds(200))
        #expect(revocations.isGood(middle))
        for _ in 0..<3 {
            revocations.note(GrantRevocation(subject: .video(Self.video)), at: start + .seconds(200))
            #expect(!revocations.isGood(middle) && revocations.isGood(grant(from: revocations)))
        }
    }

    @Test("Rows that were read before a change of this process do not undo it")
    func staleRows() {
        let revocations = GrantRevocations(lifetime: .seconds(100))
        let generation = revocations.generation
        let row = GrantRevocation(subject: .video(Self.video))
        revocations.note(GrantRevocation(subject: .video(Self.video)))
        let new = grant(from: revocations)
        revocations.note([row], read: Date(), at: generation)
        // They are looked at once more, so nothing is taken for read.
        #expect(revocations.isGood(new) && revocations.readUntil == .distantPast)
        revocations.note([row], read: Date(), at: revocations.generation)
        #expect(!revocations.isGood(new) && revocations.readUntil > .distantPast)
    }

    @Test("What other servers ended while the database was away for long is obeyed when it is back")
    func databaseAway() async throws {
        let house = try await VideoHouse()
        try await house.videos.revocations.refresh()
        let before = grant(from: house.revocations)
        let moment = house.clock.now
        try await house.database.write { transaction in
            try GrantRevocationStore().insert(
                GrantRevocation(subject: .video(Self.video)), at: moment, in: transaction)
        }
        house.clock.advance(by: 3000)
        #expect(house.revocations.isGood(before))
        try await house.videos.revocations.refresh()
        #expect(!house.revocations.isGood(before))
        await house.close()
    }

    @Test("Where very many sign-ins ended, the next one ends all grants of its person, and memory stays bounded")
    func manySessions() async throws {
        let house = try await VideoHouse()
        let revocations = GrantRevocations(lifetime: .seconds(100), capacity: 3)
        let follow = FollowAccess(revocations, events: house.videos.events, now: { Date() })
        for _ in 0..<50 {
            try await house.database.write { transaction in
                try follow(.sessionEnded(SessionID(), of: Self.person), in: transaction)
            }
        }
        #expect(revocations.count == 4)
        await house.close()
    }
}
