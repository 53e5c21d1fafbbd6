import Accounts
import FoundationEssentials
import HTTP
import Media
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Covers that are chosen, and pictures at any time")
struct PosterTests {
    private struct Told: Decodable {
        struct Poster: Decodable, Equatable {
            var kind: String
            var time: Double?
        }

        var thumbnailUrl: String?
        var poster: Poster?
    }

    private func withVideo(
        _ change: (inout Video) -> Void = { _ in }, _ body: (VideoHouse, Video, String) async throws -> Void
    ) async throws {
        let house = try await VideoHouse()
        var video = house.video(named: "Film")
        change(&video)
        try await house.insert(video)
        try await body(house, video, "/api/v1/videos/\(video.id)")
        await house.close()
    }

    private func files(of id: VideoID, in house: VideoHouse) throws -> [String] {
        try house.files().filter { $0.hasPrefix("videos/\(id)/") }
    }

    private func put(
        _ text: String, _ path: String, as role: Role, in house: VideoHouse
    ) async throws
        -> InProcessClient.Answer
    {
        try await house.client(role).send(
            .put, path + "/poster", headers: ["Content-Type": "image/png"], body: RequestBody(text))
    }

    @Test("A frame, then a picture, then the automatic one: each has an address of its own, and one file is kept")
    func choices() async throws {
        try await withVideo { house, video, path in
            let owner = house.client(.creator)
            let frame = try await owner.send(.put, path + "/poster", json: ["time": 2.5])
            let first = try frame.decode(Told.self)
            #expect(frame.status == .ok && first.poster == Told.Poster(kind: "frame", time: 2.5))
            let address = try #require(first.thumbnailUrl)
            #expect(address.hasPrefix(path + "/thumbnail.jpg?v="))
            #expect(try await house.client(.user).get(address).text == "frame 2.5")
            let second = try await put("PICTURE of a hill", path, as: .creator, in: house).decode(Told.self)
            #expect(second.poster == Told.Poster(kind: "upload", time: nil))
            #expect(second.thumbnailUrl != address)
            let shown = try await house.client(.user).get(try #require(second.thumbnailUrl))
            #expect(shown.text == "PICTURE of a hill" && shown.headers[.contentType] == "image/jpeg")
            #expect(shown.headers[.cacheControl] == "private, max-age=3600")
            let tag = try #require(shown.headers[.etag])
            let known = try await house.client(.user).get(path + "/thumbnail.jpg", headers: ["If-None-Match": tag])
            #expect(known.status == .notModified)
            #expect(try files(of: video.id, in: house).count == 1)
            let last = try await owner.send(.delete, path + "/poster")
            #expect(last.status == .ok)
            #expect(try last.decode(Told.self).poster == nil)
            #expect(try files(of: video.id, in: house).isEmpty)
            #expect(try await house.client(.user).get(path + "/thumbnail.jpg").text == "0123456789")
            #expect(try await owner.send(.delete, path + "/poster").status == .ok, "once more is fine")
        }
    }

    @Test("Others may not, and those who may not see the video are told nothing", arguments: Role.allCases)
    func rights(role: Role) async throws {
        try await withVideo({ $0.isHidden = true }) { house, video, path in
            let mayChange = role == .admin || role == .creator
            let status = mayChange ? Response.Status.ok : .notFound
            #expect(try await put("PICTURE", path, as: role, in: house).status == status)
            #expect(try await house.client(role).send(.put, path + "/poster", json: ["time": 1.0]).status == status)
            #expect(try await house.client(role).send(.delete, path + "/poster").status == status)
            #expect(try await house.client(nil).send(.delete, path + "/poster").status == .unauthorized)
            let shown = try await house.client(role).get(path + "/thumbnail.jpg?time=1&width=320")
            #expect(shown.status == (mayChange ? .ok : .notFound))
        }
    }

    @Test("What cannot be a cover is refused with its reason, and the one before stays")
    func refusals() async throws {
        try await withVideo { house, video, path in
            #expect(try await put("PICTURE", path, as: .creator, in: house).status == .ok)
            #expect(try await put("a text", path, as: .creator, in: house).code == "not_a_picture")
            for time in [-1, 1e9] {
                let answer = try await house.client(.creator).send(.put, path + "/poster", json: ["time": time])
                #expect(answer.status == .unprocessableContent && answer.code == "validation_failed")
            }
            let large = String(repeating: "P", count: ChangePoster.mostBytes + 1)
            #expect(try await put(large, path, as: .creator, in: house).status == .contentTooLarge)
            #expect(try await house.client(.user).get(path + "/thumbnail.jpg").text == "PICTURE")
            #expect(try files(of: video.id, in: house).count == 1)
        }
    }

    @Test("Sound has a picture that is given, no frames, and the same picture at all times")
    func sound() async throws {
        try await withVideo({ $0.kind = .audio }) { house, _, path in
            let answer = try await house.client(.creator).send(.put, path + "/poster", json: ["time": 1.0])
            #expect(answer.text.contains("no_frames"))
            #expect(try await put("PICTURE", path, as: .creator, in: house).status == .ok)
            let shown = try await house.client(.user).get(path + "/thumbnail.jpg?time=3")
            #expect(shown.text == "PICTURE")
        }
    }

    @Test("A cover stays when the encoder tells of new work, and goes with the video")
    func staying() async throws {
        try await withVideo { house, video, path in
            #expect(try await put("PICTURE", path, as: .creator, in: house).status == .ok)
            let (now, id) = (house.clock.now, video.id)
            try await house.database.write {
                try VideoStore().apply(EncodingProgress(status: .processing, progress: 0), to: id, at: now, in: $0)
            }
            let told = try await house.client(.creator).get(path).decode(Told.self)
            #expect(told.poster?.kind == "upload")
            #expect(try await house.client(.user).get(try #require(told.thumbnailUrl)).text == "PICTURE")
            // What only changes the facts leaves it alone.
            _ = try await house.client(.creator).send(.patch, path, json: ["title": "Other"])
            #expect(try await house.client(.creator).get(path).decode(Told.self).poster?.kind == "upload")
            try await house.removeForGood(id)
            #expect(try files(of: id, in: house).isEmpty)
        }
    }

    @Test(
        "A time and a width are read, or refused by name",
        arguments: [
            ("time=1.5", 200, "1.5-0"), ("time=0&width=320", 200, "0.0-320"), ("width=640", 200, "automatic-640"),
            ("v=abc", 200, ""), ("time=", 200, ""), ("time=-1", 422, "time"), ("time=nan", 422, "time"),
            ("time=1e9", 422, "time"), ("time=soon", 422, "time"), ("width=0", 422, "width"),
            ("width=1921", 422, "width"), ("width=wide", 422, "width"),
        ])
    func parameters(query: String, status: Int, tells: String) async throws {
        try await withVideo { house, _, path in
            let answer = try await house.client(.user).get("\(path)/thumbnail.jpg?\(query)")
            #expect(answer.status.code == status)
            if status == 200, !tells.isEmpty {
                #expect(answer.headers[.etag]?.contains(tells) == true, "\(answer.headers[.etag] ?? "")")
            } else if status == 422 {
                #expect(answer.text.contains("\"field\":\"\(tells)\""))
            }
        }
    }

    @Test("Pictures that have to be made are counted for each viewer, and nobody else waits")
    func counted() async throws {
        try await withVideo { house, _, path in
            let client = house.client(.user)
            for number in 0..<PictureTurns.limit {
                #expect(try await client.get("\(path)/thumbnail.jpg?time=\(number)").status == .ok)
            }
            let answer = try await client.get(path + "/thumbnail.jpg?time=0.5")
            #expect(answer.status == .tooManyRequests && answer.headers["Retry-After"] == "1")
            #expect(try await client.get(path + "/thumbnail.jpg").status == .ok, "the cover is there already")
            #expect(try await house.client(.premium).get(path + "/thumbnail.jpg?time=0.5").status == .ok)
            house.clock.advance(by: 1)
            #expect(try await client.get(path + "/thumbnail.jpg?time=0.5").status == .ok)
        }
    }

    @Test("A password stands before each of them, and a grant in the address opens them")
    func locked() async throws {
        try await withVideo { house, _, path in
            _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
            #expect(try await house.client(.user).get(path + "/thumbnail.jpg?time=1").code == "video_locked")
            let owner = try await house.client(.creator).get(path + "/play")
            let address = try #require(try owner.decode(PlaybackTests.PlayAnswer.self).playbackUrl)
            let grant = try #require(address.split(separator: "/").dropLast().last)
            let stranger = house.client(nil)
            #expect(try await stranger.get("\(path)/thumbnail.jpg?time=1&token=\(grant)").status == .ok)
            #expect(try await stranger.get("\(path)/thumbnail.jpg?time=1").status == .unauthorized)
        }
    }
}

@Suite("What administrators show first")
struct FeaturedTests {
    private struct List: Decodable {
        struct Entry: Decodable {
            var title: String
            var isFeatured: Bool
        }

        var data: [Entry]
    }

    @Test("Administrators mark it; its owner may change all else of it", arguments: Role.allCases)
    func marking(role: Role) async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Film")
        try await house.insert(video)
        let path = "/api/v1/videos/\(video.id)"
        let answer = try await house.client(role).send(.patch, path, json: ["is_featured": true])
        #expect(answer.status == (role == .admin ? .ok : .forbidden))
        let told = try await house.client(.creator).get(path).decode(List.Entry.self)
        #expect(told.isFeatured == (role == .admin))
        // The same again is no change, so that whoever sends all fields back is not refused.
        let same = try await house.client(.creator).send(.patch, path, json: ["is_featured": role == .admin])
        #expect(same.status == .ok)
        await house.close()
    }

    @Test("The list of these shows what one may see, the newest first")
    func list() async throws {
        let house = try await VideoHouse()
        for (number, title) in ["plain", "open", "premium", "hidden", "newest"].enumerated() {
            var video = house.video(named: title)
            video.createdAt += Double(number)
            video.isPremium = title == "premium"
            video.isHidden = title == "hidden"
            try await house.insert(video)
            guard title != "plain" else { continue }
            let answer = try await house.client(.admin).send(
                .patch, "/api/v1/videos/\(video.id)", json: ["is_featured": true])
            #expect(answer.status == .ok)
        }
        func titles(_ role: Role, _ query: String) async throws -> [String] {
            try await house.client(role).get("/api/v1/videos?\(query)").decode(List.self).data.map(\.title)
        }
        #expect(try await titles(.user, "featured=true") == ["newest", "open"])
        #expect(try await titles(.premium, "featured=true") == ["newest", "premium", "open"])
        #expect(try await titles(.admin, "featured=true") == ["newest", "hidden", "premium", "open"])
        #expect(try await titles(.admin, "featured=false") == ["plain"])
        #expect(try await house.client(.user).get("/api/v1/videos?featured=maybe").code == "validation_failed")
        await house.close()
    }
}
