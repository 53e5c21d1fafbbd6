import Accounts
import FoundationEssentials
import HTTP
import Media
import Reactor
import Security
import Testing
import Web

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

    /// The address that `uri` in the playlist at `base` means.
    func child(_ uri: String, of base: String) -> String {
        let path = base.prefix { $0 != "?" }
        guard let slash = path.lastIndex(of: "/") else { return uri }
        return path[...slash] + uri
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
            let address = child(uri, of: master)
            let media = try HLS.MediaPlaylist(parsing: try await stranger.get(address).text)
            #expect(media.segments.count == 2 && media.isComplete)
            let map = try await stranger.get(child(try #require(media.initSegmentURI), of: address))
            #expect(map.text == "0123456789")
            let segment = try await stranger.get(child(media.segments[1].uri, of: address))
            #expect(segment.status == .ok && segment.headers[.cacheControl] == "public, max-age=31536000, immutable")
            let key = try #require(media.segments[1].key)
            #expect(key.initializationVector == HLS.initializationVector(segment: 1))
            let bytes = try await stranger.get(child(key.uri, of: address))
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
        let address = child(named.uri, of: master)
        let list = try HLS.MediaPlaylist(parsing: try await house.client(nil).get(address).text)
        #expect(list.segments.count == 1 && list.initSegmentURI == nil && list.isComplete)
        #expect(list.duration.seconds == 7.5)
        let answer = try await house.client(nil).get(child(list.segments[0].uri, of: address))
        #expect(answer.status == .ok && answer.headers[.contentType] == "text/vtt; charset=utf-8")
        #expect(answer.headers[.cacheControl] == "private, max-age=3600")
        await house.close()
    }

    @Test("Names of tracks are theirs, their language's or their number, each once")
    func trackNames() throws {
        func track(_ name: String, _ label: VideoPresentation.Label) -> VideoPresentation.Track {
            VideoPresentation.Track(
                name: name, kind: .audio(label: label, channelCount: 2), codecs: "mp4a.40.2",
                bandwidth: HLS.Bandwidth(peak: 10, average: 9), segmentDurations: [.seconds(4)], isEncrypted: false)
        }
        let sounds = [
            track("audio", VideoPresentation.Label(language: "en")),
            track("audio1", VideoPresentation.Label(language: "en", isDescription: true)),
            track("audio2", VideoPresentation.Label()),
            track("audio3", VideoPresentation.Label(title: "Director \"X\"", language: "en")),
        ]
        let presentation = VideoPresentation(video: [], audio: sounds)
        let master = try HLS.MasterPlaylist(
            parsing: VideoPlaylists(presentation: presentation, token: "t").master())
        #expect(master.audio.map(\.name) == ["en", "en (2)", "3", "Director  X "])
        #expect(master.audio.map(\.isDefault) == [true, false, false, false])
        #expect(master.audio.map(\.isDescription) == [false, true, false, false])
        // Sound alone is its own variant.
        #expect(master.variants.map(\.uri) == ["audio/index.m3u8?token=t"])
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
        let token = master.split(separator: "=").last.map(String.init) ?? ""
        // The cookie or bearer of the page that comes along makes no difference.
        let client = house.client(.user)
        for path in ["master.m3u8", "720p/index.m3u8", "720p/init.mp4", "720p/1.m4s", "audio/0.m4s", "720p/key"] {
            let answer = try await client.get("/api/v1/videos/\(video.id)/hls/\(path)?token=\(token)")
            #expect(answer.status == .ok, "\(path)")
        }
        await house.close()
    }

    @Test("Shared caches keep only what was made encrypted, whatever is set today", arguments: [true, false])
    func caching(isEncrypted: Bool) async throws {
        let (house, video) = try await self.house()
        house.encoder.setEncrypted(isEncrypted)
        let path = "/api/v1/videos/\(video.id)/hls/720p/"
        func control(_ name: String) async throws -> String? {
            try await house.client(.user).get(path + name).headers[.cacheControl]
        }
        let scope = isEncrypted ? "public" : "private"
        #expect(try await control("0.m4s") == "\(scope), max-age=31536000, immutable")
        #expect(try await control("init.mp4") == "private, max-age=31536000, immutable")
        await house.close()
    }

    static let parts = [
        "hls/master.m3u8", "hls/720p/index.m3u8", "hls/720p/init.mp4", "hls/720p/0.m4s", "hls/720p/key",
        "hls/captions0/index.m3u8", "hls/captions0/captions.vtt", "thumbnail.jpg", "storyboard.jpg", "storyboard.vtt",
    ]

    @Test("Without a grant every part asks the one policy", arguments: parts)
    func everyPart(path: String) async throws {
        let (house, video) = try await self.house { $0.isHidden = true }
        let address = "/api/v1/videos/\(video.id)/\(path)"
        #expect(try await house.client(nil).get(address).status == .unauthorized)
        for role in Role.allCases {
            let expected: Response.Status = role >= .creator ? .ok : .notFound
            #expect(try await house.client(role).get(address).status == expected, "\(role)")
        }
        await house.close()
    }

    @Test("A grant that is bent, for another video or too old opens nothing", arguments: parts)
    func everyBadGrant(path: String) async throws {
        let (house, video) = try await self.house()
        let other = house.video(named: "Other")
        try await house.insert(other)
        let token = try #require(try await play(house, video).playbackUrl?.split(separator: "=").last)
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

    @Test(
        "Names that are no parts are not found",
        arguments: ["720p/-1.m4s", "720p/01.m4s", "720p/+1.m4s", "720p/99999999.m4s", "720p/2.m4s", "4320p/index.m3u8"])
    func noParts(path: String) async throws {
        let (house, video) = try await self.house()
        #expect(try await house.client(.user).get("/api/v1/videos/\(video.id)/hls/\(path)").status == .notFound)
        await house.close()
    }

    @Test("A part that is still being made asks for patience")
    func patience() async throws {
        let (house, video) = try await self.house()
        let answer = try await house.client(.user).get("/api/v1/videos/\(video.id)/hls/slow/0.m4s")
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
        house.clock.advance(by: Double(UnlockAttempts.period))
        let later = try await house.client(.user).send(.post, path + "/unlock", json: ["password": "sesame"])
        #expect(later.status == .ok)
        await house.close()
    }
}
