import Accounts
import FoundationEssentials
import HTTP
import Testing
import Web

@testable import App
@testable import TestSupport
@testable import Videos

/// Videos that are for groups of people, over the routes by which groups and videos are changed.
@Suite("Videos for groups of people")
struct GroupVisibilityTests {
    /// A server with one restricted video, its administrator, and a user who may or may not be in the group.
    struct Scene {
        let house: AppHouse
        let admin: InProcessClient
        let user: InProcessClient
        let userID: UserID
        let group: String
        let video: VideoID
        /// One for everybody, with which the video has a tag in common.
        let other: VideoID
        /// Of the user's, with the video in it.
        let list: String

        var path: String { "/api/v1/videos/\(video)" }
        var member: String { "/api/v1/admin/groups/\(group)/members/\(userID)" }

        func restrict(to groups: String) async throws -> InProcessClient.Answer {
            try await admin.send(
                .patch, path, headers: ["Content-Type": "application/json"],
                body: RequestBody(#"{"groups":[\#(groups)]}"#))
        }

        func grant() async throws -> String {
            let play = try await user.get(path + "/play")
            return String(try #require(play.text.firstMatch(of: /\/play\\?\/([A-Za-z0-9_-]+)/)?.1))
        }

        /// What the key of the video answers to somebody who has nothing but a grant.
        func key(_ grant: String) async throws -> String? {
            GroupVisibilityTests.code(
                try await InProcessClient(house.application).get("/api/v1/play/\(grant)/240p/key"))
        }

        /// Whether the user is shown the video: one by one, wherever there are several, and by what only it has.
        func isSeen() async throws -> Bool {
            let isThere = try await user.get(path).status == .ok
            for place in [
                "videos", "videos/search?q=row", "videos/search", "videos/suggestions?q=row", "videos/\(other)/related",
                "me/favorites", "me/history", "me/playlists/\(list)",
            ] {
                let answer = try await user.get("/api/v1/\(place)")
                #expect(answer.status == .ok && answer.text.contains("\(video)") == isThere, "\(place)")
            }
            for place in ["categories", "people", "tags", "videos/search", "videos/suggestions?q=closed"] {
                let answer = try await user.get("/api/v1/\(place)")
                #expect(answer.status == .ok && answer.text.contains("Closed") == isThere, "\(place): \(answer.text)")
            }
            return isThere
        }

        /// What the video has in common with others and what only it has, and what the user keeps of it.
        func furnish() async throws {
            let change = #""tags":["Shared","Closed tag"],"category":"Closed category","people":["Closed person"]"#
            for (id, fields) in [(video, change), (other, #""title":"Other film","tags":["Shared"]"#)] {
                let changed = try await admin.send(
                    .patch, "/api/v1/videos/\(id)", headers: ["Content-Type": "application/json"],
                    body: RequestBody("{\(fields)}"))
                try #require(changed.status == .ok)
            }
            #expect(try await user.send(.put, path + "/favorite").status == .noContent)
            #expect(try await user.send(.put, "/api/v1/me/playlists/\(list)/videos/\(video)").status == .noContent)
            _ = try await house.database.write { [userID, video] transaction in
                try transaction.execute(
                    "INSERT INTO watch_positions (user_id, video_id, position, updated_at) VALUES ($1, $2, 1, 1)",
                    userID, video)
            }
        }
    }

    static func code(_ answer: InProcessClient.Answer) -> String? {
        answer.text.firstMatch(of: /"code":"([a-z_]+)"/).map { String($0.1) }
    }

    func withScene(_ body: (Scene) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let (admin, user) = (InProcessClient(house.application), InProcessClient(house.application))
        admin.headers = ["Authorization": "Bearer \(try await house.token(of: .admin))"]
        user.headers = ["Authorization": "Bearer \(try await house.token(of: .user))"]
        let made = try await admin.send(.post, "/api/v1/admin/groups", json: ["name": "Club"])
        let group = String(try #require(made.text.firstMatch(of: /"id":"([0-9a-f-]{36})"/)?.1))
        let scene = Scene(
            house: house, admin: admin, user: user, userID: try await house.person(.user), group: group,
            video: try await house.addVideo(), other: try await house.addVideo(),
            list: try await house.addWatchList(of: .user).description)
        try await scene.furnish()
        try await body(scene)
        await house.server.stop()
    }

    enum Leaving: String, CaseIterable {
        case taken, takenWithMany, groupRemoved
    }

    @Test("Who joins sees it at once; who leaves sees and plays it no longer", arguments: Leaving.allCases)
    func membership(leaving: Leaving) async throws {
        try await withScene { scene in
            #expect(try await scene.isSeen())
            #expect(try await scene.restrict(to: "\"\(scene.group)\"").status == .ok)
            #expect(try await !scene.isSeen())
            #expect(try await scene.admin.send(.put, scene.member).status == .noContent)
            #expect(try await scene.isSeen())
            let grant = try await scene.grant()
            #expect(try await scene.key(grant) == "part_not_found", "let in, to a video that has no parts")
            switch leaving {
            case .taken: #expect(try await scene.admin.send(.delete, scene.member).status == .noContent)
            case .takenWithMany:
                let body = #"{"ids":["\#(scene.userID)"],"remove_group":"\#(scene.group)"}"#
                let changed = try await scene.admin.send(
                    .post, "/api/v1/admin/users/batch", headers: ["Content-Type": "application/json"],
                    body: RequestBody(body))
                #expect(changed.text.contains(#""changed":1"#), "\(changed.text)")
            case .groupRemoved:
                let removed = try await scene.admin.send(.delete, "/api/v1/admin/groups/\(scene.group)")
                #expect(removed.status == .noContent)
            }
            #expect(try await scene.key(grant) == "grant_expired")
            #expect(try await !scene.isSeen())
            #expect(try await scene.admin.get(scene.path).text.contains(scene.group), "the owner still sees for whom")
        }
    }

    @Test("Whoever is left out by a change plays no longer; whoever is let in goes on")
    func narrowing() async throws {
        try await withScene { scene in
            let open = try await scene.grant()
            #expect(try await scene.restrict(to: "\"\(scene.group)\"").status == .ok)
            #expect(try await scene.key(open) == "grant_expired")
            _ = try await scene.admin.send(.put, scene.member)
            let member = try await scene.grant()
            let other = try await scene.admin.send(.post, "/api/v1/admin/groups", json: ["name": "Other"])
            let id = String(try #require(other.text.firstMatch(of: /"id":"([0-9a-f-]{36})"/)?.1))
            // One more group lets in more.
            #expect(try await scene.restrict(to: "\"\(scene.group)\",\"\(id)\"").status == .ok)
            #expect(try await scene.key(member) == "part_not_found")
            #expect(try await scene.restrict(to: "\"\(id)\"").status == .ok)
            #expect(try await scene.key(member) == "grant_expired")
            #expect(try await !scene.isSeen())
            #expect(try await scene.restrict(to: "").status == .ok)
            #expect(try await scene.isSeen())
        }
    }

    @Test("Groups that do not exist are refused; one that was removed since may stay")
    func unknown() async throws {
        try await withScene { scene in
            let stranger = "\"\(GroupID())\""
            for (groups, code) in [(stranger, "unknown_group"), ("\"x\"", "invalid_id"), ("1", nil)] {
                let answer = try await scene.restrict(to: groups)
                #expect(answer.status.code == 422 || (code == nil && answer.status.code == 400), "\(answer.text)")
                #expect(code.map { answer.text.contains("\"\($0)\"") } ?? true, "\(answer.text)")
            }
            let own = "\"\(scene.group)\""
            #expect(try await scene.restrict(to: own).status == .ok)
            _ = try await scene.admin.send(.delete, "/api/v1/admin/groups/\(scene.group)")
            #expect(try await scene.restrict(to: own).status == .ok)
            let upload = try await scene.admin.send(
                .post, "/api/v1/uploads",
                headers: [
                    "Tus-Resumable": "1.0.0", "Upload-Length": "5",
                    "Upload-Metadata": "groups \(Self.base64(of: scene.group))",
                ])
            #expect(upload.text.contains("unknown_group"), "\(upload.text)")
        }
    }

    private static func base64(of text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test("For which groups a video is, its owner is told and nobody else")
    func told() async throws {
        try await withScene { scene in
            #expect(try await scene.admin.get(scene.path).text.contains(#""groups":[]"#))
            #expect(try await scene.restrict(to: "\"\(scene.group)\"").status == .ok)
            _ = try await scene.admin.send(.put, scene.member)
            #expect(try await scene.admin.get(scene.path).text.contains(#""groups":["\#(scene.group)"]"#))
            #expect(try await !scene.user.get(scene.path).text.contains("groups"))
            #expect(try await !scene.user.get("/api/v1/videos").text.contains(scene.group))
        }
    }
}
