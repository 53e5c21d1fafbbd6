import Accounts
import FoundationEssentials
import HTTP
import Media
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Captions and transcripts of a video")
struct CaptionTests {
    struct Entry: Decodable, Equatable {
        var language: String
        var label: String?
        var kind: String
        var cueCount: Int
    }

    struct Page: Decodable { var data: [Entry] }

    struct Said: Decodable {
        var text: String
        var source: String
        var language: String?
    }

    struct Found: Decodable {
        struct Hit: Decodable {
            var field: String
            var text: String
            var time: Double?
        }
        struct Video: Decodable {
            var title: String
            var highlights: [Hit]
        }
        var data: [Video]
    }

    static func file(_ words: String...) -> String {
        let cues = words.enumerated().map { "00:0\($0 + 1).500 --> 00:0\($0 + 2).000\n\($1)\n" }
        return "WEBVTT\n\n" + cues.joined(separator: "\n")
    }

    func house(_ change: (inout Video) -> Void = { _ in }) async throws -> (VideoHouse, Video) {
        let house = try await VideoHouse()
        var video = house.video(named: "Film")
        change(&video)
        try await house.insert(video)
        return (house, video)
    }

    @discardableResult
    func put(
        _ file: String, _ place: String, _ house: VideoHouse, _ video: Video, as role: Role = .creator,
        type: String = "text/vtt"
    ) async throws -> InProcessClient.Answer {
        try await house.client(role).send(
            .put, "/api/v1/videos/\(video.id)/\(place)", headers: [.contentType: type], body: RequestBody(file))
    }

    func entries(_ house: VideoHouse, _ video: Video, as role: Role = .user) async throws -> [Entry] {
        try await house.client(role).get("/api/v1/videos/\(video.id)/captions").decode(Page.self).data
    }

    func search(_ text: String, _ house: VideoHouse, as role: Role = .user) async throws -> [Found.Video] {
        try await house.client(role).get("/api/v1/videos/search?q=\(text)").decode(Found.self).data
    }

    @Test("What was uploaded is listed, handed out as WebVTT and SRT, replaced, and removed")
    func life() async throws {
        let (house, video) = try await self.house()
        let made = try await put(Self.file("One", "Two"), "captions/en_GB?label=British&kind=captions", house, video)
        #expect(made.status == .created)
        let entry = Entry(language: "en-gb", label: "British", kind: "captions", cueCount: 2)
        #expect(try made.decode(Entry.self) == entry)
        #expect(try await entries(house, video) == [entry])
        let base = "/api/v1/videos/\(video.id)/captions"
        let text = try await house.client(.user).get("\(base)/en-gb.vtt")
        #expect(text.headers[.contentType] == "text/vtt; charset=utf-8")
        #expect(text.headers[.cacheControl] == "private, no-cache")
        #expect(text.text.hasPrefix("WEBVTT\n\n00:00:01.500 --> 00:00:02.000\nOne\n"))
        let tag = try #require(text.headers[.etag])
        let again = try await house.client(.user).get("\(base)/en-gb.vtt", headers: [.ifNoneMatch: tag])
        #expect(again.status == .notModified)
        let subRip = try await house.client(.user).get("\(base)/EN-gb.srt")
        #expect(subRip.text.hasPrefix("1\n00:00:01,500 --> 00:00:02,000\nOne\n\n2\n"))
        #expect(subRip.headers["Content-Disposition"] == "attachment; filename=\"en-gb.srt\"")
        let srt = "1\n00:00:01,000 --> 00:00:02,000\nOther\n"
        #expect(try await put(srt, "captions/en-GB", house, video, type: "application/x-subrip").status == .ok)
        #expect(try await entries(house, video).map(\.label) == [nil])
        let other = try await house.client(.user).get("\(base)/en-gb.vtt", headers: [.ifNoneMatch: tag])
        #expect(other.status == .ok && other.text.contains("Other"))
        #expect(try await house.client(.creator).send(.delete, "\(base)/en-gb").status == .noContent)
        for method in [Request.Method.delete, .get] {
            let path = method == .get ? "\(base)/en-gb.vtt" : "\(base)/en-gb"
            let answer = try await house.client(.creator).send(method, path)
            #expect(answer.status == .notFound && answer.code == "captions_not_found")
        }
        #expect(try await entries(house, video).isEmpty)
        await house.close()
    }

    @Test(
        "What will not do is told field by field",
        arguments: [
            ("english", "text/vtt", file("A"), 422, "language", "invalid_language"),
            ("en?kind=song", "text/vtt", file("A"), 422, "kind", "unknown"),
            ("en?label=\(String(repeating: "x", count: 101))", "text/vtt", file("A"), 422, "label", "invalid"),
            ("en", "text/vtt", "WEBVTT\n\n00:02.000 --> 00:01.000\nA", 422, "line 3", "end_before_start"),
            ("en", "text/plain", "Hello", 422, "captions", "unknown_format"),
            ("en", "text/vtt", "WEBVTT", 422, "captions", "no_cues"),
        ])
    func refused(
        place: String, type: String, file: String, status: Int, field: String, code: String
    ) async throws {
        let (house, video) = try await self.house()
        let answer = try await put(file, "captions/\(place)", house, video, type: type)
        #expect(answer.status.code == status)
        #expect(answer.text.contains("\"field\":\"\(field)\"") && answer.text.contains("\"code\":\"\(code)\""))
        await house.close()
    }

    @Test("A type that is none, a file that is too large, and one language too many")
    func limits() async throws {
        let (house, video) = try await self.house()
        #expect(try await put(Self.file("A"), "captions/en", house, video, type: "image/png").status.code == 415)
        let large = String(repeating: "x", count: Caption.mostBytes + 1)
        #expect(try await put(large, "captions/en", house, video).status.code == 413)
        for letter in "abcdefghijklmnopqrstuvwxy" {
            for other in "xy" {
                #expect(try await put(Self.file("A"), "captions/q\(letter)\(other)", house, video).status == .created)
            }
        }
        let answer = try await put(Self.file("A"), "captions/en", house, video)
        #expect(answer.status == .conflict && answer.code == "too_many_captions")
        #expect(try await put(Self.file("B"), "captions/qax", house, video).status == .ok)
        await house.close()
    }

    static let reading = ["captions", "captions/en.vtt", "captions/en.srt", "transcript"]

    @Test("Only the owner and administrators write, and the password of a video locks what is said in it")
    func rights() async throws {
        let (house, video) = try await self.house { $0.passwordHash = "x" }
        try await put(Self.file("One"), "captions/en", house, video)
        for place in Self.reading {
            let path = "/api/v1/videos/\(video.id)/\(place)"
            #expect(try await house.client(nil).get(path).status == .unauthorized)
            #expect(try await house.client(.user).get(path).code == "video_locked", "\(place)")
            for role in [Role.creator, .admin] { #expect(try await house.client(role).get(path).status == .ok) }
        }
        for role in [Role.user, .premium] {
            #expect(try await put(Self.file("A"), "captions/en", house, video, as: role).status == .forbidden)
            #expect(try await put("A", "transcript", house, video, as: role, type: "text/plain").status == .forbidden)
            for place in ["captions/en", "transcript"] {
                let path = "/api/v1/videos/\(video.id)/\(place)"
                #expect(try await house.client(role).send(.delete, path).status == .forbidden)
            }
        }
        #expect(try await put(Self.file("A"), "captions/en", house, video, as: .admin).status == .ok)
        await house.close()
    }

    @Test("They go with their video")
    func removal() async throws {
        let (house, video) = try await self.house()
        try await put(Self.file("One"), "captions/en", house, video)
        try await put("All", "transcript", house, video, type: "text/plain")
        try await house.removeForGood(video.id)
        let left = try await house.database.read { access in
            try access.query("SELECT video_id FROM video_captions UNION ALL SELECT video_id FROM video_transcripts")
        }
        #expect(left.isEmpty)
        await house.close()
    }

    // MARK: Playing

    func master(_ house: VideoHouse, _ video: Video) async throws -> (String, HLS.MasterPlaylist) {
        struct Play: Decodable { var playbackUrl: String }
        let play = try await house.client(.user).get("/api/v1/videos/\(video.id)/play").decode(Play.self).playbackUrl
        return (play, try HLS.MasterPlaylist(parsing: try await house.client(nil).get(play).text))
    }

    @Test(
        "Playlists offer them under the grant, in place of those of the file, from the change on and until it is undone"
    )
    func playing() async throws {
        let (house, video) = try await self.house()
        let (place, before) = try await master(house, video)
        #expect(before.subtitles.map(\.uri) == ["captions0/index.m3u8"])
        try await put(Self.file("Uno"), "captions/es?kind=captions", house, video)
        try await put(Self.file("Один"), "captions/ru?label=Ours", house, video)
        // The same grant and the same address: nothing that was kept is told any more.
        let after = try HLS.MasterPlaylist(parsing: try await house.client(nil).get(place).text)
        #expect(after.subtitles.map(\.uri) == ["captions-es/index.m3u8", "captions-ru/index.m3u8"])
        #expect(after.subtitles.map(\.name) == ["es", "Ours"] && after.subtitles.map(\.language) == ["es", "ru"])
        #expect(after.subtitles.map(\.isForDeaf) == [true, false])
        #expect(after.variants.allSatisfy { $0.subtitlesGroup == "subtitles" })
        let list = address(after.subtitles[1].uri, in: place)
        let media = try HLS.MediaPlaylist(parsing: try await house.client(nil).get(list).text)
        #expect(media.segments.count == 1 && media.isComplete && media.duration.seconds == 7.5)
        let text = try await house.client(nil).get(address(media.segments[0].uri, in: list))
        #expect(text.text.hasPrefix("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:00:01.500 --> "))
        #expect(text.text.contains("Один") && text.headers[.cacheControl] == "private, no-cache")
        let entry = try await house.client(.user).get("/api/v1/videos/\(video.id)/hls/master.m3u8").text
        #expect(entry.contains("/captions-ru/index.m3u8"))
        for language in ["ru", "es"] {
            let path = "/api/v1/videos/\(video.id)/captions/\(language)"
            #expect(try await house.client(.creator).send(.delete, path).status == .noContent)
        }
        #expect(try HLS.MasterPlaylist(parsing: try await house.client(nil).get(place).text) == before)
        #expect(try await house.client(nil).get(list).code == "part_not_found")
        #expect(try await house.client(nil).get(address(media.segments[0].uri, in: list)).status == .notFound)
        await house.close()
    }

    @Test("A change that another server announces is seen, and one that nobody announced after a while")
    func otherServers() async throws {
        let (house, video) = try await self.house()
        let (place, before) = try await master(house, video)
        func named() async throws -> [String] {
            try HLS.MasterPlaylist(parsing: try await house.client(nil).get(place).text).subtitles.map(\.uri)
        }
        func write(_ language: String) async throws {
            let caption = Caption(
                language: try #require(LanguageTag(language)), label: nil, kind: .subtitles, cueCount: 1,
                updatedAt: house.clock.now)
            _ = try await house.database.write { transaction in
                try CaptionStore().put(
                    caption, CaptionText(text: Self.file("A"), version: "1"), of: video.id, in: transaction)
            }
        }
        try await write("en")
        #expect(try await named() == before.subtitles.map(\.uri))
        let event = VideoEvent(about: video, named: .updated)
        try await house.videos.hearing.video(VideoAnnouncement(event).announcement)
        #expect(try await named() == ["captions-en/index.m3u8", "captions0/index.m3u8"])
        try await write("es")
        try await house.videos.hearing.video(nil)
        #expect(try await named().count == 3)
        try await write("fr")
        #expect(try await named().count == 3)
        house.clock.advance(by: Double(CaptionLists.maximumAge.components.seconds) + 1)
        #expect(try await named().count == 4)
        await house.close()
    }

    @Test("What the file shows to all viewers stays, and so does what is in no language")
    func forced() {
        let own = [
            Presentation.Captions(name: "captions0", label: TrackLabel(language: "ru"), isForced: true),
            Presentation.Captions(name: "captions1", label: TrackLabel(language: "ru")),
            Presentation.Captions(name: "captions2", label: TrackLabel()),
        ]
        let uploaded = [Presentation.Captions(name: "captions-ru", label: TrackLabel(language: "ru"))]
        let film = Presentation(video: [], audio: [], captions: own)
        #expect(film.with(uploaded: uploaded).captions.map(\.name) == ["captions-ru", "captions0", "captions2"])
        #expect(film.with(uploaded: []) == film)
    }

    // MARK: Transcripts and the search

    @Test("A transcript is what was written, or what the captions of the video's language say, or else the first")
    func transcript() async throws {
        let (house, video) = try await self.house { $0.language = LanguageTag("es") }
        func said() async throws -> Said {
            try await house.client(.user).get("/api/v1/videos/\(video.id)/transcript").decode(Said.self)
        }
        let path = "/api/v1/videos/\(video.id)/transcript"
        #expect(try await house.client(.user).get(path).code == "transcript_not_found")
        try await put(Self.file("One <i>and</i>", "a &lt; b"), "captions/en", house, video)
        #expect(try await said().text == "One and\na < b")
        try await put(Self.file("Uno"), "captions/es-419", house, video)
        let spanish = try await said()
        #expect(spanish.text == "Uno" && spanish.source == "captions" && spanish.language == "es-419")
        let written = try await put(" All that\nis said. ", "transcript", house, video, type: "text/plain")
        #expect(written.status == .noContent)
        #expect(try await said().text == "All that\nis said.")
        #expect(try await said().source == "written")
        for (text, type, status) in [("A\u{1b}", "text/plain", 422), (" ", "text/plain", 422), ("A", "text/vtt", 415)] {
            #expect(try await put(text, "transcript", house, video, type: type).status.code == status)
        }
        let large = String(repeating: "x", count: Transcript.mostBytes + 1)
        #expect(try await put(large, "transcript", house, video, type: "text/plain").status.code == 413)
        #expect(try await house.client(.creator).send(.delete, path).status == .noContent)
        #expect(try await house.client(.creator).send(.delete, path).code == "transcript_not_found")
        #expect(try await said().text == "Uno")
        await house.close()
    }

    @Test("What is said is found from the change on, with its second, and no more once it is gone")
    func searching() async throws {
        let (house, video) = try await self.house()
        #expect(try await search("valves", house).isEmpty)
        try await put(Self.file("Nothing", "Here the <b>valve</b> opens"), "captions/en", house, video)
        try await put("The valve opens, they say. Sutures.", "transcript", house, video, type: "text/plain")
        let found = try #require(try await search("valves", house).first)
        #expect(found.highlights.map(\.field) == ["spoken"] && found.highlights[0].time == 2.5)
        #expect(found.highlights[0].text == "Here the valve opens")
        // What only the transcript says has no time.
        #expect(try await search("sutures", house).first?.highlights.map(\.time) == [nil])
        // Another change of the video keeps what is said.
        let changed = try await house.client(.creator).send(
            .patch, "/api/v1/videos/\(video.id)", json: ["title": "Renamed"])
        #expect(changed.status == .ok)
        #expect(try await search("valves", house).count == 1)
        for place in ["captions/en", "transcript"] {
            let path = "/api/v1/videos/\(video.id)/\(place)"
            #expect(try await house.client(.creator).send(.delete, path).status == .noContent)
        }
        #expect(try await search("valves", house).isEmpty)
        #expect(try await search("sutures", house).isEmpty)
        await house.close()
    }

    @Test("What is said behind a password is neither found nor shown")
    func locked() async throws {
        let (house, video) = try await self.house()
        try await put(Self.file("Secret valve"), "captions/en", house, video)
        #expect(try await search("valve", house).count == 1)
        try await house.database.write { transaction in
            var locked = video
            locked.passwordHash = "x"
            try VideoStore().update(locked, in: transaction)
        }
        #expect(try await search("valve", house).isEmpty)
        let film = try #require(try await search("film", house).first)
        #expect(film.highlights.map(\.field) == ["title"])
        await house.close()
    }

    @Test("A change that was written but not indexed, because the server was killed, is indexed at the next start")
    func killed() async throws {
        let (house, video) = try await self.house()
        try await house.database.write { transaction in
            try CaptionStore().putTranscript("valve", of: video.id, at: house.clock.now, in: transaction)
            try VideoStore().letIndexAnew(video.id, in: transaction)
        }
        #expect(try await house.videos.index() == 1)
        #expect(try await search("valve", house).count == 1)
        await house.close()
    }
}
