import Accounts
import FoundationEssentials
import HTTP
import Media
import Reactor
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Playback")
struct PlaybackTests {
    struct PlayAnswer: Decodable {
        var status: String
        var playbackUrl: String?
        var resumeAt: Double
    }

    func house(_ change: (inout Video) -> Void = { _ in }) async throws -> (VideoHouse, Video) {
        let house = try await VideoHouse()
        var video = house.video(named: "Film")
        change(&video)
        try await house.insert(video)
        return (house, video)
    }

    func play(_ house: VideoHouse, _ video: Video, as role: Role = .user) async throws -> PlayAnswer {
        try await house.client(role).get("/api/v1/videos/\(video.id)/play").decode(PlayAnswer.self)
    }

    func grant(_ house: VideoHouse, _ video: Video) async throws -> String {
        try #require(try await play(house, video).playbackUrl?.split(separator: "/").dropLast().last.map(String.init))
    }

    @Test("From play to key with nothing but the addresses")
    func chain() async throws {
        let (house, video) = try await self.house()
        let play = try await self.play(house, video)
        let stranger = house.client(nil)
        let master = try #require(play.playbackUrl)
        let answer = try await stranger.get(master)
        #expect(answer.headers[.contentType] == "application/vnd.apple.mpegurl")
        #expect(answer.headers[.cacheControl] == "private, no-store")
        let playlist = try HLS.MasterPlaylist(parsing: answer.text)
        #expect(playlist.variants.count == 2 && playlist.audio.count == 1 && playlist.subtitles.count == 1)
        #expect(playlist.variants.allSatisfy { $0.audioGroup == "audio" && $0.subtitlesGroup == "subtitles" })
        #expect(playlist.variants[0].codecs == ["avc1.64001F", "mp4a.40.2"])
        #expect(playlist.variants[0].bandwidth == 2000)
        for uri in playlist.variants.map(\.uri) + playlist.audio.map(\.uri) {
            let list = address(uri, in: master)
            let media = try HLS.MediaPlaylist(parsing: try await stranger.get(list).text)
            #expect(media.segments.count == 2 && media.isComplete)
            let map = try await stranger.get(address(try #require(media.initSegmentURI), in: list))
            #expect(map.text == "0123456789")
            let segment = try await stranger.get(address(media.segments[1].uri, in: list))
            #expect(segment.status == .ok && segment.headers[.cacheControl] == "public, max-age=31536000, immutable")
            let key = try #require(media.segments[1].key)
            // One key for all segments: their numbers are their vectors.
            #expect(key.initializationVector == nil && media.segments[0].key == key && media.mediaSequence == 0)
            let bytes = try await stranger.get(address(key.uri, in: list))
            #expect(bytes.body.count == 16 && bytes.headers[.cacheControl] == "private, no-store")
        }
        await house.close()
    }

    @Test("Captions are one segment as long as the film")
    func captions() async throws {
        let (house, video) = try await self.house()
        let master = try #require(try await play(house, video).playbackUrl)
        let playlist = try HLS.MasterPlaylist(parsing: try await house.client(nil).get(master).text)
        let named = try #require(playlist.subtitles.first)
        #expect(named.name == "ru" && named.language == "ru" && !named.isForced)
        let place = address(named.uri, in: master)
        let list = try HLS.MediaPlaylist(parsing: try await house.client(nil).get(place).text)
        #expect(list.segments.count == 1 && list.initSegmentURI == nil && list.isComplete)
        #expect(list.duration.seconds == 7.5)
        let answer = try await house.client(nil).get(address(list.segments[0].uri, in: place))
        #expect(answer.status == .ok && answer.headers[.contentType] == "text/vtt; charset=utf-8")
        #expect(answer.headers[.cacheControl] == "private, max-age=3600")
        await house.close()
    }

    @Test("Names of tracks are theirs, their language's or their number, each once")
    func trackNames() throws {
        func track(_ name: String, _ label: TrackLabel) -> Presentation.Track {
            Presentation.Track(
                name: name, kind: .audio(label: label, channelCount: 2), codecs: "mp4a.40.2",
                bandwidth: HLS.Bandwidth(peak: 10, average: 9), segmentDurations: [.seconds(4)], isEncrypted: false)
        }
        let sounds = [
            track("audio", TrackLabel(language: "en")),
            track("audio1", TrackLabel(language: "en", isDescription: true)),
            track("audio2", TrackLabel()),
            track("audio3", TrackLabel(title: "Director \"X\"", language: "en")),
        ]
        let presentation = Presentation(video: [], audio: sounds)
        let master = try HLS.MasterPlaylist(
            parsing: VideoPlaylists(presentation: presentation).master())
        #expect(master.audio.map(\.name) == ["en", "en (2)", "3", "Director  X "])
        #expect(master.audio.map(\.isDefault) == [true, false, false, false])
        #expect(master.audio.map(\.isDescription) == [false, true, false, false])
        // Sound alone is its own variant.
        #expect(master.variants.map(\.uri) == ["audio/index.m3u8"])
        #expect(master.variants[0].codecs == ["mp4a.40.2"] && master.variants[0].bandwidth == 10)
        #expect(master.variants[0].resolution == nil && master.variants[0].audioGroup == "audio")
    }

    @Test("With a grant no part of a video asks the database: it may even be closed")
    func noDatabase() async throws {
        let (house, video) = try await self.house()
        let master = try #require(try await play(house, video).playbackUrl)
        // That something else has changed makes no difference.
        try await house.befall(.premium, .demoted)
        try await house.befall(.creator, .signedOut)
        await house.database.close()
        // The cookie or bearer of the page that comes along makes no difference.
        let client = house.client(.user)
        for path in ["master.m3u8", "720p/index.m3u8", "720p/init.mp4", "720p/1.m4s", "audio/0.m4s", "720p/key"] {
            let answer = try await client.get(address(path, in: master))
            #expect(answer.status == .ok, "\(path)")
        }
        await house.close()
    }

    @Test("Segments have one address for everybody once all are made and encrypted, and no other time")
    func sharing() async throws {
        let (house, video) = try await self.house()
        let grant = try await grant(house, video)
        let list = "/api/v1/play/\(grant)/720p/index.m3u8"
        let shared = "/media/\(video.id)/720p/1.m4s"
        func tell(complete: Bool, encrypted: Bool) async throws -> (segment: String, shared: Response.Status) {
            house.encoder.setPresentation { film in
                film.video[0].isComplete = complete
                film.video[0].isEncrypted = encrypted
            }
            let media = try HLS.MediaPlaylist(parsing: try await house.client(nil).get(list).text)
            #expect((media.segments[1].key != nil) == encrypted)
            return (media.segments[1].uri, try await house.client(nil).get(shared).status)
        }
        #expect(try await tell(complete: true, encrypted: true) == (shared, .ok))
        #expect(try await tell(complete: false, encrypted: true) == ("1.m4s", .notFound))
        #expect(try await tell(complete: true, encrypted: false) == ("1.m4s", .notFound))
        #expect(try await tell(complete: true, encrypted: true) == (shared, .ok))
        func control(_ path: String) async throws -> String? {
            try await house.client(nil).get(path).headers[.cacheControl]
        }
        #expect(try await control(shared) == "public, max-age=31536000, immutable")
        for name in ["1.m4s", "init.mp4"] {
            #expect(try await control(address(name, in: list)) == "private, max-age=31536000, immutable")
        }
        await house.close()
    }

    @Test("Where others hand out complete segments, those who ask are sent there, and for all else nobody is")
    func elsewhere() async throws {
        let (house, video) = try await self.house()
        house.encoder.setPresentation { $0.video[0].isComplete = true }
        house.encoder.setElsewhere("https://cdn.example.org")
        let stranger = house.client(nil)
        let answer = try await stranger.get("/media/\(video.id)/720p/1.m4s")
        #expect(answer.status == .temporaryRedirect)
        #expect(answer.headers[.location] == "https://cdn.example.org/720p/1")
        #expect(answer.headers[.cacheControl] == "public, max-age=1800")
        #expect(try await stranger.get("/media/\(video.id)/720p/0.m4s").status == .ok)
        #expect(try await stranger.get("/media/\(video.id)/720p/2.m4s").status == .notFound)
        let list = "/api/v1/play/\(try await grant(house, video))/720p"
        for name in ["1.m4s", "init.mp4", "key", "index.m3u8"] {
            #expect(try await stranger.get("\(list)/\(name)").status == .ok, "\(name)")
        }
        await house.close()
    }

    @Test("A film that was seen growing keeps its addresses until its players have seen its end")
    func grown() async throws {
        let (house, video) = try await self.house()
        let list = "/api/v1/play/\(try await grant(house, video))/720p/index.m3u8"
        func first() async throws -> String? {
            try HLS.MediaPlaylist(parsing: try await house.client(nil).get(list).text).segments.first?.uri
        }
        house.encoder.setPresentation { $0.isGrowing = true }
        #expect(try await first() == "0.m4s")
        house.clock.advance(by: 1000)
        #expect(try await first() == "0.m4s")
        house.encoder.setPresentation { $0.isGrowing = false }
        #expect(try await first() == "0.m4s")
        house.clock.advance(by: KeptPlaylists.growthIsRemembered - 1)
        #expect(try await first() == "0.m4s")
        house.clock.advance(by: 1)
        #expect(try await first() == "/media/\(video.id)/720p/0.m4s")
        await house.close()
    }

    @Test("A rendition whose keyframes are known has a list of them, with the same key and the same addresses")
    func keyframes() async throws {
        let (house, video) = try await self.house()
        let address = try #require(try await play(house, video).playbackUrl)
        let list = TestSupport.address("720p/keyframes.m3u8", in: address)
        func master() async throws -> HLS.MasterPlaylist {
            try HLS.MasterPlaylist(parsing: try await house.client(nil).get(address).text)
        }
        #expect(try await master().keyframes.map(\.uri) == ["360p/keyframes.m3u8"])
        #expect(try await house.client(nil).get(list).code == "part_not_found")
        house.encoder.setPresentation { $0.video[0].keyframeByteCounts = [700, 350] }
        let named = try #require(try await master().keyframes.first)
        #expect(named.uri == "720p/keyframes.m3u8" && named.codec == "avc1.64001F")
        #expect(named.bandwidth == HLS.Bandwidth(peak: 1400, average: 1120))
        let media = try HLS.MediaPlaylist(parsing: try await house.client(nil).get(list).text)
        #expect(media.hasKeyframesOnly && media.isComplete && media.segments.map(\.prefixByteCount) == [700, 350])
        #expect(media.segments.map(\.uri) == [0, 1].map { "/media/\(video.id)/720p/\($0).m4s" })
        #expect(media.segments.allSatisfy { $0.key == HLS.MediaPlaylist.Key(uri: "key") })
        // The whole list is another one.
        let whole = try await house.client(nil).get(TestSupport.address("720p/index.m3u8", in: address)).text
        #expect(try HLS.MediaPlaylist(parsing: whole).segments.allSatisfy { $0.prefixByteCount == nil })
        await house.close()
    }

    @Test("Playlists below a grant are the same text for everybody and are sent compressed")
    func sameForAll() async throws {
        let (house, video) = try await self.house()
        // Two hours.
        house.encoder.setPresentation { film in
            for track in film.video.indices {
                film.video[track].segmentDurations = (0..<1800).map { .milliseconds(4004 + Int64($0 % 2)) }
            }
        }
        var texts: Set<[UInt8]> = []
        for role in [Role.user, .premium] {
            let master = try #require(try await play(house, video, as: role).playbackUrl)
            for path in ["720p/index.m3u8", "master.m3u8"] {
                let headers: HeaderFields = ["Accept-Encoding": "gzip"]
                let answer = try await house.client(nil).get(address(path, in: master), headers: headers)
                #expect(answer.headers[.contentEncoding] == "gzip" && answer.headers[.vary] == "Accept-Encoding")
                #expect(answer.headers[.cacheControl] == "private, no-store")
                #expect(answer.body.count <= 12_000, "\(path)")
                texts.insert(answer.body)
                let plain = try await house.client(nil).get(address(path, in: master))
                #expect(plain.headers[.contentEncoding] == nil && plain.text.hasPrefix("#EXTM3U"))
            }
        }
        #expect(texts.count == 2)
        await house.close()
    }

    @Test("Each way in leads to addresses that need nothing else")
    func waysIn() async throws {
        let (house, video) = try await self.house()
        let entry = "/api/v1/videos/\(video.id)/hls/master.m3u8"
        let grant = try await grant(house, video)
        for (client, path) in [(house.client(nil), entry + "?token=\(grant)"), (house.client(.user), entry)] {
            let answer = try await client.get(path, headers: ["Accept-Encoding": "gzip"])
            #expect(answer.headers[.contentEncoding] == nil, "it holds a grant: its length must tell nothing")
            #expect(answer.headers[.cacheControl] == "private, no-store")
            let master = try HLS.MasterPlaylist(parsing: answer.text)
            let lists = master.variants.map(\.uri) + master.audio.map(\.uri) + master.subtitles.map(\.uri)
            #expect(lists.count == 4 && lists.allSatisfy { $0.hasPrefix("/api/v1/play/") })
            for list in lists { #expect(try await house.client(nil).get(list).status == .ok) }
        }
        await house.close()
    }

    static let parts = [
        "master.m3u8", "720p/index.m3u8", "720p/init.mp4", "720p/0.m4s", "720p/key", "captions0/index.m3u8",
        "captions0/captions.vtt", "360p/keyframes.m3u8",
    ]
    static let byVideo = ["hls/master.m3u8", "thumbnail.jpg", "storyboard.jpg", "storyboard.vtt"]

    @Test("Without a grant every way in asks the one policy", arguments: byVideo)
    func everyWayIn(path: String) async throws {
        let (house, video) = try await self.house { $0.isHidden = true }
        let address = "/api/v1/videos/\(video.id)/\(path)"
        #expect(try await house.client(nil).get(address).status == .unauthorized)
        for role in Role.allCases {
            let expected: Response.Status = role >= .creator ? .ok : .notFound
            #expect(try await house.client(role).get(address).status == expected, "\(role)")
        }
        await house.close()
    }

    @Test("A grant that is bent, for another video or too old lets nobody in", arguments: byVideo)
    func everyBadToken(path: String) async throws {
        let (house, video) = try await self.house()
        let other = house.video(named: "Other")
        try await house.insert(other)
        let token = try await grant(house, video)
        let good = "/api/v1/videos/\(video.id)/\(path)?token="
        let stranger = house.client(nil)
        #expect(try await stranger.get(good + token).status == .ok)
        #expect(try await stranger.get(good + token.dropLast() + "!").code == "grant_invalid")
        #expect(try await stranger.get("/api/v1/videos/\(other.id)/\(path)?token=\(token)").code == "grant_invalid")
        house.clock.advance(by: 7 * 3600)
        #expect(try await stranger.get(good + token).code == "grant_expired")
        // Who is signed in goes on.
        #expect(try await house.client(.user).get(good + token).status == .ok)
        await house.close()
    }

    @Test("A grant that is bent or too old opens no part, and one that is over asks the policy", arguments: parts)
    func everyPart(path: String) async throws {
        let (house, video) = try await self.house()
        let token = try await grant(house, video)
        let stranger = house.client(nil)
        #expect(try await stranger.get("/api/v1/play/\(token)/\(path)").status == .ok)
        for bent in [token.dropLast() + "!", token.dropLast(), token + "A", "x", "720p"] {
            #expect(try await house.client(.admin).get("/api/v1/play/\(bent)/\(path)").code == "grant_invalid")
        }
        house.clock.advance(by: 7 * 3600)
        #expect(try await stranger.get("/api/v1/play/\(token)/\(path)").code == "grant_expired")
        #expect(try await house.client(.user).get("/api/v1/play/\(token)/\(path)").status == .ok)
        _ = try await house.database.write { transaction in
            try transaction.execute("UPDATE videos SET is_hidden = 1 WHERE id = $1", video.id)
        }
        #expect(try await house.client(.user).get("/api/v1/play/\(token)/\(path)").status == .notFound)
        #expect(try await house.client(.admin).get("/api/v1/play/\(token)/\(path)").status == .ok)
        await house.close()
    }

    @Test(
        "Names that are no parts are not found",
        arguments: ["720p/-1.m4s", "720p/01.m4s", "720p/+1.m4s", "720p/99999999.m4s", "720p/2.m4s", "4320p/index.m3u8"])
    func noParts(path: String) async throws {
        let (house, video) = try await self.house()
        let grant = try await grant(house, video)
        #expect(try await house.client(nil).get("/api/v1/play/\(grant)/\(path)").status == .notFound)
        #expect(try await house.client(nil).get("/media/\(video.id)/\(path)").status == .notFound)
        await house.close()
    }

    @Test("A part that is still being made asks for patience")
    func patience() async throws {
        let (house, video) = try await self.house()
        let answer = try await house.client(nil).get("/api/v1/play/\(try await grant(house, video))/slow/0.m4s")
        #expect(answer.status == .serviceUnavailable && answer.headers[.retryAfter] == "3")
        await house.close()
    }

    @Test("Watching goes on where it stopped, and from the start once it was seen")
    func resume() async throws {
        let (house, video) = try await self.house { $0.duration = 100 }
        func stop(at position: Double) async throws -> Response.Status {
            try await house.client(.user).send(
                .post, "/api/v1/videos/\(video.id)/progress", json: ["position": position]
            ).status
        }
        #expect(try await play(house, video).resumeAt == 0)
        #expect(try await stop(at: 42.5) == .noContent)
        #expect(try await play(house, video).resumeAt == 42.5)
        #expect(try await play(house, video, as: .premium).resumeAt == 0)
        #expect(try await stop(at: 99) == .noContent)
        #expect(try await play(house, video).resumeAt == 0)
        #expect(try await stop(at: -1) == .unprocessableContent)
        await house.close()
    }

    @Test("A password opens a video for an hour and not longer")
    func unlock() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        let change = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        #expect(change.status == .ok && !change.text.contains("sesame"))
        let client = house.client(.user)
        #expect(try await client.get(path).status == .ok)
        #expect(try await client.get(path + "/play").code == "video_locked")
        #expect(try await client.get(path + "/thumbnail.jpg").code == "video_locked")
        #expect(try await house.client(.creator).get(path + "/play").status == .ok)
        #expect(try await client.send(.post, path + "/unlock", json: ["password": "x"]).code == "wrong_password")
        #expect(try await client.send(.post, path + "/unlock", json: ["password": "sesame"]).status == .ok)
        let master = try #require(try await client.get(path + "/play").decode(PlayAnswer.self).playbackUrl)
        #expect(try await house.client(.premium).get(path + "/play").status == .forbidden)
        house.clock.advance(by: 3601)
        #expect(try await client.get(path + "/play").code == "video_locked")
        #expect(try await house.client(nil).get(master).code == "grant_expired")
        await house.close()
    }

    @Test("Over https the cookie that opens a video is Secure", arguments: [false, true])
    func secureCookie(isSecure: Bool) async throws {
        let house = try await VideoHouse(isSecureOnly: isSecure)
        let video = house.video(named: "Film")
        try await house.insert(video)
        let path = "/api/v1/videos/\(video.id)"
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        let answer = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "sesame"])
        let cookie = try #require(answer.headers[.setCookie])
        #expect(cookie.contains("; Secure") == isSecure && cookie.contains("HttpOnly"))
        await house.close()
    }

    @Test("Neither another address of the network nor another person makes more guesses; others are not kept out")
    func guessers() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        func give(_ password: String, _ role: Role, from host: String) async throws -> Response.Status {
            let client = house.client(role)
            client.remoteAddress = SocketAddress(host: host, port: 1)
            return try await client.send(.post, path + "/unlock", json: ["password": password]).status
        }
        for number in 0..<UnlockAttempts.limit {
            #expect(try await give("x", .user, from: "2001:db8::\(number)") == .forbidden)
        }
        // The network, then the person.
        #expect(try await give("sesame", .premium, from: "2001:db8::ffff") == .tooManyRequests)
        #expect(try await give("sesame", .user, from: "203.0.113.1") == .tooManyRequests)
        #expect(try await give("sesame", .premium, from: "2001:db8:0:1::1") == .ok)
        await house.close()
    }

    @Test("Guessing passwords is slowed down")
    func guessing() async throws {
        let (house, video) = try await self.house()
        let path = "/api/v1/videos/\(video.id)"
        _ = try await house.client(.creator).send(.patch, path, json: ["password": "sesame"])
        for _ in 0..<UnlockAttempts.limit {
            let answer = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "x"])
            #expect(answer.code == "wrong_password")
        }
        let answer = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "sesame"])
        #expect(answer.status == .tooManyRequests && answer.headers[.retryAfter] != nil)
        house.clock.advance(by: 900)
        let later = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "sesame"])
        #expect(later.status == .ok)
        await house.close()
    }
}
