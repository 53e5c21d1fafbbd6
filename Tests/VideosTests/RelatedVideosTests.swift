import Accounts
import HTTP
import Testing

@testable import Videos

@Suite("Related videos")
struct RelatedVideosTests {
    struct Body: Decodable {
        struct Item: Decodable { var title: String }
        var data: [Item]
    }

    static func related(_ house: VideoHouse, to video: Video, as role: Role = .admin) async throws -> [String] {
        try await house.client(role).get("/api/v1/videos/\(video.id)/related").decode(Body.self).data.map(\.title)
    }

    private static func ready(
        _ title: String, people: [String] = [], category: String? = nil, tags: [String] = []
    ) -> (inout Video) -> Void {
        { video in
            (video.title, video.status) = (title, .ready)
            (video.people, video.category, video.tags) = (people, category, tags)
        }
    }

    @Test("The most alike comes first, and of two that are as much alike the newer one")
    func order() async throws {
        let house = try await VideoHouse()
        let shown = Self.ready("shown", people: ["Ann", "Bob"], category: "Knees", tags: ["a", "b"])
        let video = try await house.add("shown", shown)
        try await house.add("one tag", Self.ready("one tag", tags: ["b"]))
        try await house.add("both people", Self.ready("both people", people: ["Bob", "Ann"]))
        try await house.add("category", Self.ready("category", category: "Knees"))
        try await house.add("category too", Self.ready("category too", category: "Knees"))
        try await house.add("person", Self.ready("person", people: ["Ann", "Cid"]))
        try await house.add("nothing", Self.ready("nothing", people: ["Cid"], category: "Hips", tags: ["c"]))
        try await house.add("not made yet") { ($0.category, $0.status) = ("Knees", .processing) }
        let found = try await Self.related(house, to: video)
        #expect(found == ["both people", "person", "category too", "category", "one tag"])
        let bare = try await house.add("bare", Self.ready("bare"))
        #expect(try await Self.related(house, to: bare) == [])
        await house.close()
    }

    @Test(
        "Nobody is led to what they may not see",
        arguments: [(Role.user, ["free"]), (.premium, ["premium", "free"]), (.admin, ["hidden", "premium", "free"])])
    func visibility(role: Role, expected: [String]) async throws {
        let house = try await VideoHouse()
        let video = try await house.add("shown", Self.ready("shown", category: "Knees"))
        for title in ["free", "premium", "hidden"] {
            try await house.add(title) { video in
                Self.ready(title, category: "Knees")(&video)
                (video.isPremium, video.isHidden) = (title == "premium", title == "hidden")
            }
        }
        #expect(try await Self.related(house, to: video, as: role) == expected)
        let secret = try await house.add("secret") { $0.isHidden = true }
        let status = try await house.client(role).get("/api/v1/videos/\(secret.id)/related").status
        #expect(status == (role == .admin ? .ok : .notFound))
        await house.close()
    }

    @Test("There are at most twelve")
    func bound() async throws {
        let house = try await VideoHouse()
        let video = try await house.add("shown", Self.ready("shown", tags: ["a"]))
        for number in 0..<14 { try await house.add("\(number)", Self.ready("\(number)", tags: ["a"])) }
        #expect(try await Self.related(house, to: video) == (2..<14).reversed().map { "\($0)" })
        await house.close()
    }
}
