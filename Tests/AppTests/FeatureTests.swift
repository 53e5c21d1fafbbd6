import Accounts
import FoundationEssentials
import Reactor
import Storage
import Telemetry
import Testing

@testable import App
@testable import TestSupport
@testable import Videos

@Suite("From sign-in to picture", .serialized)
struct FeatureTests {
    /// Three seconds that are standard: they need no encoding to be ready.
    static func film(in folder: TemporaryFolder) async throws -> [UInt8] {
        let (path, text) = (folder.path + "/film.mp4", folder.path + "/film.srt")
        try Data("1\n00:00:01,000 --> 00:00:02,000\nText\n".utf8).write(to: URL(filePath: text))
        let loop = try EventLoop()
        let result = try await ChildProcess.run(
            ChildProcess.Configuration(
                executable: "/usr/bin/ffmpeg",
                arguments: [
                    "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-f", "lavfi", "-i", "sine", "-i",
                    text,
                    "-t", "3", "-c:s", "mov_text", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac",
                    path,
                ]), on: loop)
        #expect(result.isSuccess)
        return try Array(Data(contentsOf: URL(filePath: path)))
    }

    static func form(_ content: [UInt8]) -> (headers: [(String, String)], body: [UInt8]) {
        let head =
            "--edge\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nFilm\r\n"
            + "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"film.mp4\"\r\n\r\n"
        return (
            [("Content-Type", "multipart/form-data; boundary=edge")],
            Array(head.utf8) + content + Array("\r\n--edge--\r\n".utf8)
        )
    }

    static func signedIn(_ ring: Ring, _ house: AppHouse, _ port: Int) async throws -> WireClient {
        var client = WireClient(ring: ring, server: house.server, port: port)
        let body = #"{"email":"\#(AppHouse.email)","password":"\#(AppHouse.password)"}"#
        let answer = try await client.send(
            .post, "/api/v1/auth/login", [("Content-Type", "application/json")], body: Array(body.utf8))
        client.token = answer["access_token"]
        return client
    }

    /// Waits for the catalogue's own event instead of asking again and again.
    static func whenReady(_ id: VideoID, _ house: AppHouse, progress: Double = 0) async throws {
        let listener = try house.server.services.events.listen(to: .video(id), as: UserID())
        func isDone(_ video: Video?) -> Bool {
            guard let video else { return false }
            return video.status == .failed || (video.status == .ready && video.progress >= progress)
        }
        if isDone(try await house.database.read { try VideoStore().find(id, in: $0) }) { return }
        while true {
            switch try await listener.next() {
            case .message(.event(let event)): if isDone(event.video) { return }
            case .message, .skipped: continue
            case .end: return
            }
        }
    }

    @Test("Upload, ready, play, every playlist, key and segment; again after a restart", arguments: Ring.allCases)
    func wholeWay(ring: Ring) async throws {
        let folder = try TemporaryFolder()
        let film = try await Self.film(in: folder)
        let id = try await firstRun(ring, folder, film)
        let next = try await AppHouse(in: folder)
        try await next.serving { port in
            let client = try await Self.signedIn(ring, next, port)
            try await watch(id, client)
            for place in ["videos", "trash"] {
                #expect(try await client.send(.delete, "/api/v1/\(place)/\(id)").status == 204)
            }
        }
        let left = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/data/videos")
        #expect(left.isEmpty, "\(left)")
    }

    /// On its own, so that the data folder is free when it returns.
    func firstRun(_ ring: Ring, _ folder: TemporaryFolder, _ film: [UInt8]) async throws -> VideoID {
        let house = try await AppHouse(in: folder)
        var id = VideoID()
        try await house.serving { port in
            let client = try await Self.signedIn(ring, house, port)
            let form = Self.form(film)
            let made = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
            #expect(made.status == 201, "\(made.text)")
            id = try #require(made["id"].flatMap { VideoID($0) })
            let again = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
            #expect(again.status == 200 && again["id"] == id.description)
            try await Self.whenReady(id, house)
            try await watch(id, client)
        }
        #expect(!house.log.lines.contains { $0.contains(AppHouse.password) || $0.contains("token=") })
        // Of what was fetched below a grant the log tells all but the grant.
        let lines = house.log.lines.filter { $0.contains("/api/v1/play/{grant}/{rendition}/") }
        #expect(!lines.isEmpty)
        #expect(!house.log.lines.contains { $0.contains(/\/play\/[A-Za-z0-9_-]{20}/) })
        return id
    }

    func watch(_ id: VideoID, _ client: WireClient) async throws {
        let play = try await client.get("/api/v1/videos/\(id)/play")
        #expect(play["status"] == "ready", "\(play.text)")
        let master = try #require(play["playback_url"])
        var stranger = client
        stranger.token = nil
        let playlist = try await stranger.get(master)
        #expect(playlist.status == 200 && playlist.headers["cache-control"] == "private, no-store")
        let first = try #require(playlist.text.split(separator: "\n").first { !$0.hasPrefix("#") })
        let list = address(first, in: master)
        let media = try await stranger.get(list)
        let segments = media.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(!segments.isEmpty && media.text.hasSuffix("#EXT-X-ENDLIST\n"))
        for segment in segments {
            let segment = address(segment, in: list)
            let answer = try await stranger.get(segment)
            #expect(answer.status == 200 && answer.body.count % 16 == 0 && !answer.body.isEmpty)
            let scope = segment.hasPrefix("/media/") ? "public" : "private"
            #expect(answer.headers["cache-control"] == "\(scope), max-age=31536000, immutable")
            let part = try await stranger.send(.get, segment, [("Range", "bytes=4-7")])
            #expect(part.status == 206 && part.body == Array(answer.body[4..<8]))
            let beyond = try await stranger.send(.get, segment, [("Range", "bytes=\(answer.body.count)-")])
            #expect(beyond.status == 416)
            let tag = try #require(answer.headers["etag"])
            let known = try await stranger.send(.get, segment, [("If-None-Match", tag)])
            #expect(known.status == 304 && known.headers["etag"] == tag)
            #expect(known.headers["cache-control"] == answer.headers["cache-control"])
        }
        #expect(try await stranger.get(address("key", in: list)).body.count == 16)
        let head = try await stranger.get(address("init.mp4", in: list))
        #expect(Array(head.body[4..<8]) == Array("ftyp".utf8))
    }

    @Test("A resumable upload over the wire, with its offset asked for", arguments: Ring.allCases)
    func resumable(ring: Ring) async throws {
        let folder = try TemporaryFolder()
        let film = try await Self.film(in: folder)
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await Self.signedIn(ring, house, port)
            let version = ("Tus-Resumable", "1.0.0")
            let made = try await client.send(.post, "/api/v1/uploads", [version, ("Upload-Length", "\(film.count)")])
            let address = try #require(made.headers["location"])
            let half = film.count / 2
            for piece in [0..<half, half..<film.count] {
                let told = try await client.send(.head, address, [version])
                #expect(told.headers["upload-offset"] == "\(piece.lowerBound)")
                let answer = try await client.send(
                    .patch, address,
                    [
                        version, ("Upload-Offset", "\(piece.lowerBound)"),
                        ("Content-Type", "application/offset+octet-stream"),
                    ], body: Array(film[piece]))
                #expect(answer.status == 204, "\(answer.text)")
                #expect((answer.headers["palco-video-id"] != nil) == (piece.upperBound == film.count))
            }
        }
    }

    @Test("What is no video leaves nothing", arguments: Ring.allCases)
    func noVideo(ring: Ring) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await Self.signedIn(ring, house, port)
            for (content, code) in [("", "empty_file"), ("Once upon a time", "not_a_video")] {
                let form = Self.form(Array(content.utf8))
                let answer = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
                #expect(answer.status == 422 && answer["code"] == code)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/data/uploads").isEmpty)
        }
    }

    @Test("Health, readiness, numbers and pages are there for everyone", arguments: Ring.allCases)
    func open(ring: Ring) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = WireClient(ring: ring, server: house.server, port: port)
            #expect(try await client.get("/healthz").status == 200)
            #expect(try await client.get("/readyz").text.contains("\"ready\""))
            #expect(try await client.get("/nothing").status == 404)
            let metrics = try await client.get("/metrics").text
            let counted = #"palco_http_requests_total{method="GET",route="#
            #expect(metrics.contains(counted + #""/healthz",status="200"} 1"#))
            #expect(metrics.contains(#"palco_http_requests_total{method="-",route="-",status="404"} 1"#))
            #expect(metrics.contains("palco_encoding_tasks{state=\"waiting\"} 0"))
            let page = try await client.get("/")
            #expect(page.status == 200 && page.headers["content-security-policy"]?.contains("default-src") == true)
            #expect(!page.text.contains("{{assets}}"))
            // The worker for when there is no server keeps its page by asking for it, which its own policy has to allow.
            let worker = try await client.get("/service-worker.js")
            #expect(worker.headers["content-security-policy"]?.contains("connect-src 'self'") == true)
            #expect(worker.headers["x-content-type-options"] == "nosniff")
            #expect(!worker.text.contains("{{assets}}") && worker.headers["cache-control"] == "no-cache")
            let lost = try await client.send(.get, "/nowhere", [("Accept", "text/html")])
            #expect(lost.status == 404 && lost.headers["content-type"]?.hasPrefix("text/html") == true)
        }
    }

    @Test("A second server does not touch the data of the first")
    func oneServer() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        await #expect(throws: StorageError.inUse) {
            try await Server.build(AppHouse.settings(in: folder), log: Log(level: .info, sink: CapturedLog()))
        }
        await house.server.stop()
    }
}
