import HTTP
import Media
import SQL
import Testing

@testable import TestSupport
@testable import Videos

@Suite("Searching captions that came with the file")
struct FilmCaptionsTests {
    private func captions(
        _ words: String, language: String? = "ru", isForced: Bool = false, at start: String = "00:01:02.500"
    ) -> FilmCaptions {
        let label = TrackLabel(language: language)
        let captions = Presentation.Captions(name: "captions0", label: label, isForced: isForced)
        return FilmCaptions(
            captions, text: "WEBVTT\n\(WebVTT.clockOfFilm)\n\(start) --> 00:09:00.000\n<i>\(words)</i>\n")
    }

    private func follow(_ captions: [FilmCaptions], of video: Video, _ house: VideoHouse) async throws {
        let follow = house.follow()
        try await house.database.write { try follow(captions, of: video.version, in: $0) }
    }

    @Test("What they say is found once they are made, with its second, and not what they said before")
    func found() async throws {
        let house = try await VideoHouse()
        let video = try await house.add("Talk")
        try await follow([captions("The xylograph turns")], of: video, house)
        let hit = try #require(try await house.search("xylographs").data.first?.highlights.first)
        #expect(hit.field == "spoken" && hit.time == 62.5 && hit.text == "The xylograph turns")
        #expect(hit.marked == ["xylograph"])
        // A change of the video leaves them where they are.
        let path = "/api/v1/videos/\(video.id)"
        let changed = try await house.client(.creator).send(.patch, path, json: ["title": "Another"])
        #expect(changed.status == .ok)
        #expect(try await house.search("xylograph").titles == ["Another"])
        try await follow([captions("The lithograph turns")], of: video, house)
        #expect(try await house.search("xylograph").titles.isEmpty)
        #expect(try await house.search("lithograph").titles == ["Another"])
        try await follow([captions("Nobody")], of: house.video(named: "None"), house)
        await house.close()
    }

    @Test("What is said in a video with a password is not found by them either")
    func locked() async throws {
        let house = try await VideoHouse()
        let video = try await house.add("Talk") { $0.passwordHash = "hash" }
        try await follow([captions("The xylograph turns")], of: video, house)
        #expect(try await house.search("xylograph").titles.isEmpty)
        await house.close()
    }

    @Test(
        "Uploaded ones stand in for those of the same language, but not for what all viewers are shown",
        arguments: [("ru", false, false), ("en", false, true), (nil, false, true), ("ru", true, true)])
    func standIn(language: String?, isForced: Bool, isFound: Bool) async throws {
        let house = try await VideoHouse()
        let video = try await house.add("Talk")
        try await follow([captions("The xylograph turns", language: language, isForced: isForced)], of: video, house)
        let put = try await house.client(.creator).send(
            .put, "/api/v1/videos/\(video.id)/captions/ru", headers: ["Content-Type": "text/vtt"],
            body: RequestBody("WEBVTT\n\n00:01.000 --> 00:02.000\nGuitar\n"))
        #expect(put.status == .created)
        #expect(try await house.search("guitar").titles == ["Talk"])
        #expect(try await house.search("xylograph").titles == (isFound ? ["Talk"] : []))
        await house.close()
    }

    @Test("Those that were made before the search knew of them are taken in at a start, or else at the next")
    func earlier() async throws {
        let house = try await VideoHouse()
        let (first, second) = (try await house.add("Talk"), try await house.add("Other"))
        func forget() async throws {
            _ = try await house.database.write { try $0.execute("UPDATE search_documents SET version = version - 1") }
        }
        try await forget()
        house.encoder.setCaptions(nil, of: first.id)
        #expect(try await house.videos.index() == 0)
        house.encoder.setCaptions([captions("The xylograph turns")], of: first.id)
        #expect(try await house.videos.index() == 2)
        #expect(try await house.search("xylograph").titles == ["Talk"])
        // What is in the database is not read again.
        try await follow([captions("The lithograph turns")], of: second, house)
        try await forget()
        house.encoder.setCaptions([captions("Guitar")], of: first.id)
        #expect(try await house.videos.index() == 2)
        #expect(try await house.search("xylograph").titles == ["Talk"])
        #expect(try await house.search("lithograph").titles == ["Other"])
        await house.close()
    }

    @Test("Of many as many are kept as the search looks at, and none outlives its video")
    func bounds() async throws {
        let house = try await VideoHouse()
        let video = try await house.add("Talk")
        let long = String(repeating: "x", count: SpokenText.mostBytes / 2)
        let all = (0..<3).map { FilmCaptions(name: "captions\($0)", language: nil, isForced: false, text: long) }
        try await house.database.write {
            try FilmCaptionStore().replace(with: all, of: video.version, video.id, in: $0)
        }
        let kept = try await house.database.read { try FilmCaptionStore().list(of: video.version, video.id, in: $0) }
        #expect(kept == Array(all.prefix(2)))
        try await house.database.write { _ = try VideoStore().remove(video.id, in: $0) }
        let left = try await house.database.read { try FilmCaptionStore().hasAny(of: video.version, video.id, in: $0) }
        #expect(!left)
        await house.close()
    }
}
