import Accounts
import HTTP
import Testing

@testable import Videos

@Suite("Vocabulary")
struct VocabularyTests {
    struct Entry: Decodable {
        var id: String?
        var name: String
        var kind: String?
        var videoCount: Int
    }

    struct Page: Decodable {
        var data: [Entry]
        var nextCursor: String?
    }

    static func page(_ house: VideoHouse, _ path: String, as role: Role = .admin) async throws -> Page {
        try await house.client(role).get("/api/v1/\(path)").decode(Page.self)
    }

    struct Titles: Decodable {
        struct Video: Decodable { var title: String }
        var data: [Video]
    }

    static func titles(_ house: VideoHouse, _ path: String) async throws -> [String] {
        try await house.client(.admin).get("/api/v1/\(path)").decode(Titles.self).data.map(\.title)
    }

    /// A premium and a hidden video of the creator, and one that everybody sees.
    static func furnish(_ house: VideoHouse) async throws {
        let people = ["free": ["Ann"], "premium": ["Ann", "Bob"], "hidden": ["Cid"]]
        for (title, people) in people {
            var video = house.video(named: title)
            video.isPremium = title == "premium"
            video.isHidden = title == "hidden"
            video.people = people
            video.tags = ["all", title]
            video.category = title
            try await house.insert(video)
        }
    }

    @Test(
        "Everybody sees the names of the videos that they may see, and those that were entered",
        arguments: [
            (Role.user, ["Ann 1", "Dee 0"], ["free"]), (.premium, ["Ann 2", "Bob 1", "Dee 0"], ["free", "premium"]),
            (.creator, ["Ann 2", "Bob 1", "Cid 1", "Dee 0"], ["free", "hidden", "premium"]),
            (.admin, ["Ann 2", "Bob 1", "Cid 1", "Dee 0"], ["free", "hidden", "premium"]),
        ])
    func visibility(role: Role, people: [String], categories: [String]) async throws {
        let house = try await VideoHouse()
        try await Self.furnish(house)
        let entered = try await house.client(.admin).send(.post, "/api/v1/people", json: ["name": "Dee"])
        #expect(entered.status == .created)
        #expect(try await Self.page(house, "people", as: role).data.map { "\($0.name) \($0.videoCount)" } == people)
        #expect(try await Self.page(house, "categories", as: role).data.map(\.name) == categories)
        let tags = try await Self.page(house, "tags", as: role).data.map { "\($0.name) \($0.videoCount)" }
        #expect(tags == ["all \(categories.count)"] + categories.map { "\($0) 1" })
        await house.close()
    }

    @Test("Pages hold every name once", arguments: ["people", "tags"])
    func paging(path: String) async throws {
        let house = try await VideoHouse()
        var video = house.video(named: "many")
        video.people = (0..<7).map { "Name \($0)" }
        video.tags = video.people
        try await house.insert(video)
        var (names, query): ([String], String) = ([], "?limit=3")
        while true {
            let page = try await Self.page(house, path + query)
            names += page.data.map(\.name)
            guard let cursor = page.nextCursor else { break }
            query = "?limit=3&cursor=\(cursor)"
        }
        #expect(names == video.people)
        #expect(try await house.client(.admin).get("/api/v1/\(path)?cursor=%21").status.code == 422)
        await house.close()
    }

    @Test("A new name reaches every video, and who stands there by both stands there once")
    func renaming() async throws {
        let house = try await VideoHouse()
        try await Self.furnish(house)
        let client = house.client(.admin)
        let page = try await Self.page(house, "people")
        func path(_ name: String) throws -> String {
            "/api/v1/people/\(try #require(page.data.first { $0.name == name }?.id))"
        }
        let taken = try await client.send(.patch, try path("Bob"), json: ["name": "Ann"])
        #expect(taken.status.code == 409 && taken.code == "name_taken")
        let renamed = try await client.send(.patch, try path("Bob"), json: ["name": "Bo", "kind": "surgeon"])
        let entry = try renamed.decode(Entry.self)
        #expect(entry.name == "Bo" && entry.kind == "surgeon" && entry.videoCount == 1)
        #expect(try await Self.page(house, "people?kind=surgeon").data.map(\.name) == ["Bo"])
        #expect(try await client.get("/api/v1/videos?person=Bo").text.contains("\"title\":\"premium\""))
        #expect(try await client.get("/api/v1/videos?person=Bob").text.contains("\"data\":[]"))
        // The search as well.
        #expect(try await client.get("/api/v1/videos/search?q=Bo&person=Bo").text.contains("\"title\":\"premium\""))
        #expect(try await Self.titles(house, "videos/search?q=bo") == ["premium"])
        #expect(try await Self.titles(house, "videos/search?q=cid") == ["hidden"])
        #expect(try await client.send(.delete, try path("Ann")).status == .noContent)
        #expect(try await client.get("/api/v1/videos?person=Ann").text.contains("\"data\":[]"))
        #expect(try await Self.page(house, "people").data.map(\.name) == ["Bo", "Cid"])
        #expect(try await Self.titles(house, "videos/search?q=ann") == [])
        #expect(try await client.send(.delete, try path("Ann")).status == .notFound)
        await house.close()
    }

    @Test("Two names of one person in one video become one")
    func merging() async throws {
        let house = try await VideoHouse()
        var video = house.video(named: "both")
        video.people = ["Ann", "Anna", "Bob"]
        try await house.insert(video)
        let id = video.id
        let names = try await house.database.write { transaction in
            try TermStore().rename(.person, from: "Ann", to: "Anna", in: transaction)
            return try VideoStore().find(id, in: transaction)?.people
        }
        #expect(names == ["Anna", "Bob"])
        await house.close()
    }

    @Test("Two entries become one where that is asked for, and each can be found by its name alone")
    func joining() async throws {
        let house = try await VideoHouse()
        try await Self.furnish(house)
        let client = house.client(.admin)
        for (path, from, to, query) in [
            ("people", "Bob", "Ann", "person"), ("categories", "hidden", "premium", "category"),
        ] {
            let found = try await Self.page(house, "\(path)?name=\(from)").data
            #expect(found.map(\.name) == [from])
            let id = try #require(found.first?.id)
            let target = try #require(try await Self.page(house, "\(path)?name=\(to)").data.first?.id)
            let refused = try await client.send(.patch, "/api/v1/\(path)/\(id)", json: ["name": to])
            #expect(refused.code == "name_taken")
            let joined = try await client.send(
                .patch, "/api/v1/\(path)/\(id)", headers: [.contentType: "application/json"],
                body: RequestBody(#"{"name":"\#(to)","joins":true}"#))
            #expect(joined.status == .ok)
            let entry = try joined.decode(Entry.self)
            #expect(entry.id == target && entry.name == to && entry.videoCount == 2)
            #expect(try await Self.page(house, "\(path)?name=\(from)").data.isEmpty)
            #expect(try await Self.titles(house, "videos?\(query)=\(from)") == [])
            #expect(try await Self.titles(house, "videos?\(query)=\(to)").count == 2)
            // The search as well.
            #expect(try await Self.titles(house, "videos/search?\(query)=\(to)").count == 2)
        }
        await house.close()
    }

    @Test("Only administrators change it, and what they send is checked", arguments: ["people", "categories"])
    func rights(path: String) async throws {
        let house = try await VideoHouse()
        let address = "/api/v1/\(path)"
        for role in Role.allCases where role != .admin {
            #expect(try await house.client(role).send(.post, address, json: ["name": "x"]).status == .forbidden)
        }
        let made = try await house.client(.admin).send(.post, address, json: ["name": " x "])
        let id = try #require(try made.decode(Entry.self).id)
        #expect(made.headers[.location] == "\(address)/\(id)")
        for role in Role.allCases where role != .admin {
            let client = house.client(role)
            #expect(try await client.send(.patch, "\(address)/\(id)", json: ["name": "y"]).status == .forbidden)
            #expect(try await client.send(.delete, "\(address)/\(id)").status == .forbidden)
        }
        #expect(try await Self.page(house, path).data.map(\.name) == ["x"])
        let client = house.client(.admin)
        for wrong in [["name": " "], ["name": "a,b"], ["name": String(repeating: "x", count: 101)], [:]] {
            #expect(try await client.send(.post, address, json: wrong).status.code == 422, "\(wrong)")
        }
        #expect(try await client.send(.post, address, json: ["name": "x"]).status == .conflict)
        // A category is no person.
        let other = path == "people" ? "categories" : "people"
        #expect(try await client.send(.delete, "/api/v1/\(other)/\(id)").status == .notFound)
        await house.close()
    }
}
