import Accounts
import FoundationEssentials
import HTTP
import SQL
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Many videos at once")
struct BatchTests {
    private struct Answer: Decodable {
        struct Refusal: Decodable { var code: String }
        struct Result: Decodable {
            var id: String
            var result: String
            var error: Refusal?
        }
        var results: [Result]
        var outcomes: [String] { results.map { $0.error?.code ?? $0.result } }
    }

    private func send(
        _ house: VideoHouse, _ path: String, _ json: String, as role: Role = .creator
    ) async throws -> InProcessClient.Answer {
        try await house.client(role).send(
            .post, "/api/v1/videos/batch\(path)", headers: ["Content-Type": "application/json"],
            body: RequestBody(json))
    }

    private func change(
        _ house: VideoHouse, _ ids: [VideoID], _ wish: String, as role: Role = .creator
    ) async throws -> (outcomes: [String], undo: String) {
        let list = ids.map { "\"\($0)\"" }.joined(separator: ",")
        let answer = try await send(house, "", #"{"ids":[\#(list)],\#(wish)}"#, as: role)
        #expect(answer.status == .ok)
        let undo = answer.text.replacing("{\"results\":", with: "{\"videos\":")
        return (try answer.decode(Answer.self).outcomes, undo)
    }

    private func undo(_ house: VideoHouse, _ text: String, as role: Role = .creator) async throws -> [String] {
        try await send(house, "/undo", text, as: role).decode(Answer.self).outcomes
    }

    /// Two of the creator's and one of the administrator's.
    private func videos(_ house: VideoHouse) async throws -> [VideoID] {
        var ids: [VideoID] = []
        for number in 0..<3 {
            var video = house.video(named: "Film \(number)")
            video.tags = ["old", "\(number)"]
            video.category = "Talks"
            if number == 2 { video.owner = house.admin.id }
            try await house.insert(video)
            ids.append(video.id)
        }
        return ids
    }

    private func find(_ id: VideoID, _ house: VideoHouse) async throws -> Video {
        try #require(try await house.videos.find.stored(id))
    }

    @Test("Each is decided by itself, and those that changed get back exactly what they had")
    func facts() async throws {
        let house = try await VideoHouse()
        let ids = try await videos(house)
        let before = try await [find(ids[0], house), find(ids[1], house)]
        let (outcomes, text) = try await change(
            house, ids + [VideoID()],
            #""is_hidden":true,"category":null,"add_tags":["new","old"],"remove_tags":["0"]"#)
        #expect(outcomes == ["changed", "changed", "forbidden", "video_not_found"])
        let now = try await find(ids[0], house)
        #expect(now.isHidden && now.category == nil && now.tags == ["old", "new"] && !now.isPremium)
        #expect(try await find(ids[2], house).category == "Talks")
        // Found by what it is now.
        let found = try await house.client(.creator).get("/api/v1/videos/search?q=new")
        #expect(found.text.contains("\(ids[0])"))

        let items = try changed(text, 2)
        #expect(try await undo(house, items) == ["changed", "changed"])
        for (number, former) in before.enumerated() {
            let now = try await find(ids[number], house)
            #expect(now.tags == former.tags && now.category == former.category && !now.isHidden)
        }
        // Once only.
        #expect(try await undo(house, items) == ["changed_meanwhile", "changed_meanwhile"])
        #expect(try await change(house, [ids[0]], #""is_hidden":false"#).outcomes == ["unchanged"])
        await house.close()
    }

    /// The first of the results, which are those that changed.
    private func changed(_ text: String, _ count: Int) throws -> String {
        let all = try JSONDecoder().decode([String: [Item]].self, from: Data(text.utf8))
        let items = (all["videos"] ?? []).prefix(count)
        return String(decoding: try JSONEncoder().encode(["videos": Array(items)]), as: UTF8.self)
    }

    private struct Item: Codable {
        struct Values: Codable {
            var isHidden: Bool?
            var isTrashed: Bool?
            var tags: [String]?
            /// Nil: not there; else what it is, which may be nothing.
            var category: String??

            enum CodingKeys: String, CodingKey {
                case isHidden = "is_hidden"
                case isTrashed = "is_trashed"
                case tags, category
            }

            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                isHidden = try fields.decodeIfPresent(Bool.self, forKey: .isHidden)
                isTrashed = try fields.decodeIfPresent(Bool.self, forKey: .isTrashed)
                tags = try fields.decodeIfPresent([String].self, forKey: .tags)
                if fields.contains(.category) { category = .some(try fields.decode(String?.self, forKey: .category)) }
            }

            func encode(to encoder: any Encoder) throws {
                var fields = encoder.container(keyedBy: CodingKeys.self)
                try fields.encodeIfPresent(isHidden, forKey: .isHidden)
                try fields.encodeIfPresent(isTrashed, forKey: .isTrashed)
                try fields.encodeIfPresent(tags, forKey: .tags)
                if let category { try fields.encode(category, forKey: .category) }
            }
        }
        var id: String
        var before: Values?
        var after: Values?
    }

    @Test("What somebody else changed in between is left to them, and what else they changed as well")
    func meanwhile() async throws {
        let house = try await VideoHouse()
        let ids = Array(try await videos(house).prefix(2))
        let (_, text) = try await change(house, ids, #""category":"Lessons""#)
        let json: HeaderFields = ["Content-Type": "application/json"]
        for (id, wish) in [(ids[0], #"{"category":"Films"}"#), (ids[1], #"{"title":"Renamed"}"#)] {
            let answer = try await house.client(.admin).send(
                .patch, "/api/v1/videos/\(id)", headers: json, body: RequestBody(wish))
            #expect(answer.status == .ok)
        }
        #expect(try await undo(house, text) == ["changed_meanwhile", "changed"])
        #expect(try await find(ids[0], house).category == "Films")
        let second = try await find(ids[1], house)
        #expect(second.category == "Talks" && second.title == "Renamed")
        // Putting back is a change like any other.
        #expect(try await undo(house, text, as: .user) == ["forbidden", "forbidden"])
        await house.close()
    }

    @Test("Into the trash and back, with grants ended and the audit told as for one")
    func trash() async throws {
        let house = try await VideoHouse()
        let ids = try await videos(house)
        let (outcomes, text) = try await change(house, ids, #""is_trashed":true"#)
        #expect(outcomes == ["changed", "changed", "forbidden"])
        #expect(try await find(ids[0], house).trashedAt != nil)
        #expect(try await change(house, [ids[0]], #""is_trashed":true"#).outcomes == ["unchanged"])
        #expect(try await undo(house, try changed(text, 2)) == ["changed", "changed"])
        #expect(try await find(ids[0], house).trashedAt == nil)
        let again = try await change(house, ids, #""is_trashed":false"#).outcomes
        #expect(again == ["unchanged", "unchanged", "video_not_found"])
        let told = try await house.database.read {
            try $0.query("SELECT action FROM audit ORDER BY at, id").map { try $0.value("action", as: String.self) }
        }
        #expect(told.sorted() == ["video.restored", "video.restored", "video.trashed", "video.trashed"])
        await house.close()
    }

    @Test("A narrower one ends what was granted before")
    func narrower() async throws {
        let house = try await VideoHouse()
        let id = try await videos(house)[0]
        let play = try await house.client(.user).get("/api/v1/videos/\(id)/play").text.replacing("\\/", with: "/")
        let grant = try #require(play.firstMatch(of: /\/play\/([^\/]+)\//).map { String($0.1) })
        #expect(try await house.client(nil).get("/api/v1/play/\(grant)/master.m3u8").status == .ok)
        _ = try await change(house, [id], #""is_premium":true"#)
        #expect(try await house.client(nil).get("/api/v1/play/\(grant)/master.m3u8").status == .unauthorized)
        await house.close()
    }

    @Test(
        "A batch that says nothing, too much or something wrong is refused as a whole",
        arguments: [
            (#"{"ids":[],"is_hidden":true}"#, "invalid"), (#"{"ids":["x"]}"#, "required"),
            (#"{"ids":["x"],"is_trashed":true,"is_hidden":true}"#, "not_alone"),
            (#"{"ids":["x"],"add_tags":["\#(String(repeating: "a", count: 300))"]}"#, "too_long"),
        ])
    func wrong(json: String, code: String) async throws {
        let house = try await VideoHouse()
        let answer = try await send(house, "", json)
        #expect(answer.status == .unprocessableContent && answer.text.contains("\"\(code)\""))
        await house.close()
    }

    @Test("At most a hundred, each once; and tags that become too many are refused for their video alone")
    func bounds() async throws {
        let house = try await VideoHouse()
        let ids = try await videos(house)
        let many = (0..<101).map { _ in "\"\(VideoID())\"" }.joined(separator: ",")
        #expect(try await send(house, "", #"{"ids":[\#(many)],"is_hidden":true}"#).status == .unprocessableContent)
        #expect(try await change(house, [ids[0], ids[0]], #""is_hidden":true"#).outcomes == ["changed"])
        let tags = (0..<(VideoDetails.Limit.words - 1)).map { "\"tag \($0)\"" }.joined(separator: ",")
        #expect(try await change(house, [ids[0]], #""add_tags":[\#(tags)]"#).outcomes == ["too_many"])
        #expect(try await find(ids[0], house).tags == ["old", "0"])
        await house.close()
    }
}
