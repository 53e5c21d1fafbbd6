import Accounts
import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Synchronization
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Files fetched from other servers")
struct FetchTests {
    private static let film = "VIDEO " + String(repeating: "0123456789", count: 10_000)

    private func house(
        isShared: Bool = false, _ change: (inout VideoSettings) -> Void = { _ in }
    ) async throws -> VideoHouse {
        var settings = VideoSettings.fetching
        change(&settings)
        return try await VideoHouse(settings: settings, isShared: isShared)
    }

    private func begin(
        _ house: VideoHouse, _ address: String, _ fields: String = ""
    ) async throws -> InProcessClient.Answer {
        try await house.client(.creator).send(
            .post, "/api/v1/videos", headers: [.contentType: "application/json"],
            body: RequestBody(#"{"input_url":"\#(address)"\#(fields)}"#))
    }

    /// Begins a fetch and makes one attempt.
    private func fetched(_ house: VideoHouse, _ address: String) async throws -> Video {
        let answer = try await begin(house, address)
        try #require(answer.status == .accepted, "\(answer.text)")
        try await house.videos.fetches.runDue()
        return try await video(house, try answer.video.id)
    }

    private func video(_ house: VideoHouse, _ id: String) async throws -> Video {
        try await house.videos.find(try #require(VideoID(id)), for: house.creator, through: .details)
    }

    /// After all pauses of sources.
    private func again(_ house: VideoHouse) async throws {
        house.clock.advance(by: 24 * 3600)
        try await house.videos.fetches.runDue()
    }

    @Test("A file becomes a video that has its bytes, and nothing else stays")
    func whole() async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .file(Self.film) }
        let answer = try await begin(house, source.address("films/First%20film.mp4"))
        #expect(answer.status == .accepted && answer.headers[.location] != nil)
        let begun = try answer.video
        #expect(begun.title == "First film" && begun.status == "pending")
        #expect(answer.text.contains(#""state":"waiting""#) && !answer.text.contains("checksum"))
        try await house.videos.fetches.runDue()
        let video = try await video(house, begun.id)
        #expect(video.checksum == Hex.encode(SHA256.hash(Self.film)) && video.fetch == nil)
        #expect(video.byteCount == Int64(Self.film.utf8.count) && video.fileName == "First film.mp4")
        #expect(house.encoder.enqueued == [video.id])
        #expect(try house.files() == ["videos/\(video.id)/original"])
        await house.close()
    }

    @Test("What was cut is gone on with from where it was, by any server, and every byte comes once")
    func resumed() async throws {
        let house = try await house(isShared: true)
        let half = Self.film.utf8.count / 2
        let source = try Source(house.loops) { request in
            request.isFirst ? .cut(Self.film, after: half, tag: "\"1\"") : .rest(Self.film, of: request, tag: "\"1\"")
        }
        let cut = try await fetched(house, source.address("film.mp4"))
        let progress = try #require(cut.fetch)
        #expect(progress.state == .waiting && progress.failure == .interrupted && progress.attempts == 1)
        #expect(progress.receivedByteCount == Int64(half) && progress.totalByteCount == Int64(Self.film.utf8.count))
        let other = try await VideoHouse(
            folder: house.folder, settings: VideoSettings.fetching, isShared: true, keeping: house)
        try await again(other)
        let video = try await video(house, "\(cut.id)")
        #expect(video.checksum == Hex.encode(SHA256.hash(Self.film)))
        #expect(source.requests.last?.range == "bytes=\(half)-")
        #expect(source.sent == Self.film.utf8.count)
        await other.close(keepingDatabase: true)
        await house.close()
    }

    @Test("A file that has changed meanwhile, or may have, begins anew", arguments: ["\"2\"", "W/\"1\"", ""])
    func changed(tag: String) async throws {
        let house = try await house()
        let newer = "VIDEO newer"
        let source = try Source(house.loops) { request in
            let first = tag.hasPrefix("\"") ? "\"1\"" : tag
            return request.isFirst ? .cut(Self.film, after: 5000, tag: first) : .rest(newer, of: request, tag: tag)
        }
        let cut = try await fetched(house, source.address("film.mp4"))
        try await again(house)
        let video = try await video(house, "\(cut.id)")
        #expect(video.checksum == Hex.encode(SHA256.hash(newer)) && video.byteCount == Int64(newer.utf8.count))
        #expect((source.requests.last?.range == nil) == !tag.hasPrefix("\""))
        await house.close()
    }

    @Test("A source that is busy is asked again, not before it wants to be")
    func busy() async throws {
        let house = try await house()
        let source = try Source(house.loops) { request in
            request.number < 3 ? .status(503, "Retry-After: 600") : .file(Self.film)
        }
        let begun = try await fetched(house, source.address("film.mp4"))
        #expect(begun.fetch?.failure == .busy && begun.status == .pending)
        house.clock.advance(by: 500)
        try await house.videos.fetches.runDue()
        #expect(source.requests.count == 1)
        for _ in 0..<2 { try await again(house) }
        #expect(try await video(house, "\(begun.id)").fetch == nil && source.requests.count == 3)
        await house.close()
    }

    @Test("A source that never has it is given up, and can be tried anew")
    func givenUp() async throws {
        let house = try await house()
        let source = try Source(house.loops) { request in
            request.number <= VideoSettings.mostFetchFailures ? .status(500, "X: y") : .file(Self.film)
        }
        let id = try await fetched(house, source.address("film.mp4")).id
        for _ in 0..<20 { try await again(house) }
        let failed = try await video(house, "\(id)")
        #expect(failed.status == .failed && failed.failure?.code == "source_broken")
        #expect(source.requests.count == VideoSettings.mostFetchFailures)
        let retried = try await house.client(.creator).send(.post, "/api/v1/videos/\(id)/retry")
        #expect(retried.status == .accepted)
        #expect(try retried.video.status == "pending")
        try await house.videos.fetches.runDue()
        #expect(try await video(house, "\(id)").checksum == Hex.encode(SHA256.hash(Self.film)))
        await house.close()
    }

    enum Bad: String, CaseIterable {
        case page, pageWithoutType, missing, denied, tooLarge, inside, endless, noVideo, empty
    }

    @Test("What cannot be had fails at once with its reason, and nothing of it stays", arguments: Bad.allCases)
    func bad(_ bad: Bad) async throws {
        let house = try await house { $0.maximumUploadBytes = 50_000 }
        let source = try Source(house.loops) { request in
            switch bad {
            case .page: .page("<p>Sign in", type: "text/html; charset=utf-8")
            case .pageWithoutType: .page("\n <!DOCTYPE HTML><title>Files", type: "video/mp4")
            case .missing: .status(404, "X: y")
            case .denied: .status(403, "X: y")
            case .tooLarge: .file(Self.film)
            case .inside: .status(302, "Location: http://10.0.0.1/film.mp4")
            case .endless: .status(302, "Location: /\(request.number)")
            case .noVideo: .file("Once upon a time")
            case .empty: .file("")
            }
        }
        let video = try await fetched(house, source.address("film.mp4"))
        let code =
            switch bad {
            case .page, .pageWithoutType: "source_page"
            case .missing: "source_not_found"
            case .denied: "source_denied"
            case .tooLarge: "source_too_large"
            case .inside: "source_forbidden"
            case .endless: "source_redirects"
            case .noVideo: "not_a_video"
            case .empty: "empty_file"
            }
        #expect(video.status == .failed && video.failure?.code == code && video.fetch?.state == .failed)
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("A page is no film, a film that is called a page is one, and plain text is left to those who look inside")
    func pages() {
        let film: [UInt8] = [0, 0, 0, 0x20] + Array("ftypisom".utf8)
        #expect(!SourceAnswer.isPage(film, isCalledPage: true))
        #expect(SourceAnswer.isPage(Array("<html>".utf8), isCalledPage: false))
        #expect(SourceAnswer.isPage([], isCalledPage: true))
        #expect(!SourceAnswer.isPage(Array("text".utf8), isCalledPage: false))
    }

    @Test(
        "Addresses that are none, or lead inside, are refused at once",
        arguments: [
            ("ftp://example.org/a", "invalid_url"), ("film.mp4", "invalid_url"), ("http://", "invalid_url"),
            ("http://10.1.2.3/a", "source_forbidden"), ("http://[::1]/a", "source_forbidden"),
            ("http://0x0a000001/a", "source_forbidden"), ("http://169.254.169.254/latest", "source_forbidden"),
        ])
    func refused(address: String, code: String) async throws {
        let house = try await house()
        let answer = try await begin(house, address)
        #expect(answer.status == .unprocessableContent && answer.text.contains("\"code\":\"\(code)\""))
        #expect(try await house.videos.count.byStatus() == [:])
        await house.close()
    }

    @Test("Share links: the way leads over a redirect, and the answer names the file")
    func shared() async throws {
        let named = #"Content-Disposition: attachment; filename="x.mp4"; filename*=UTF-8''%C3%9Cbung.mp4"#
        let house = try await house()
        let source = try Source(house.loops) { request in
            request.isFirst
                ? .status(302, "Location: /download?id=7")
                : .file(Self.film, named)
        }
        let video = try await fetched(house, source.address("s/abc"))
        #expect(video.title == "Übung" && video.fileName == "Übung.mp4")
        await house.close()
    }

    @Test("A password in the address is sent to its server, and shown to nobody")
    func password() async throws {
        let house = try await house()
        let source = try Source(house.loops) { request in
            request.authorization == "Basic dXNlcjpzZWNyZXQ=" ? .file(Self.film) : .status(401, "X: y")
        }
        let address = source.address("film.mp4").replacing("http://", with: "http://user:secret@")
        let begun = try await begin(house, address, #","title":"Mine""#)
        #expect(!begun.text.contains("secret") && begun.text.contains(#""host":"127.0.0.1""#))
        try await house.videos.fetches.runDue()
        let video = try await video(house, begun.video.id)
        #expect(video.fetch == nil && video.title == "Mine")
        let left = try await house.database.read { try $0.query("SELECT video_id FROM fetches").count }
        #expect(left == 0)
        await house.close()
    }

    @Test("A file that is fetched for a group stays for the group; one for a group that is none is not fetched")
    func groups() async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .file(Self.film) }
        let club = try await house.addGroups(1)[0]
        let refused = try await begin(house, source.address("film.mp4"), #","groups":["\#(GroupID())"]"#)
        #expect(refused.status.code == 422 && refused.text.contains("unknown_group"), "\(refused.text)")
        let begun = try await begin(house, source.address("film.mp4"), #","groups":["\#(club)"]"#)
        let path = "/api/v1/videos/\(try begun.video.id)"
        #expect(try await house.client(.premium).get(path).status == .notFound, "while it is fetched")
        try await house.videos.fetches.runDue()
        #expect(try await video(house, try begun.video.id).groups == [club])
        #expect(try await house.client(.premium).get(path).status == .notFound)
        await house.close()
    }

    @Test(
        "After a failure for good no secret of the address is kept, and it is told that it must be given again",
        arguments: [
            ("u:hush@", "film.mp4?key=hush#hush", true), ("", "film.mp4?key=hush", true), ("u@", "film.mp4", true),
            ("", "film.mp4", false),
        ])
    func forgotten(user: String, path: String, isForgotten: Bool) async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .status(404, "X: y") }
        let video = try await fetched(house, source.address(path).replacing("http://", with: "http://\(user)"))
        let kept: String? = try await house.database.read {
            try $0.first("SELECT address FROM fetches")?.value("address")
        }
        #expect(video.status == .failed && kept == source.address("film.mp4"))
        let retried = try await house.client(.creator).send(.post, "/api/v1/videos/\(video.id)/retry")
        #expect(retried.status == (isForgotten ? .conflict : .accepted))
        #expect(!isForgotten || retried.code == "address_forgotten")
        await house.close()
    }

    @Test(
        "Addresses of fetches that failed before are reduced at a start; those that go on or lie in the trash are not")
    func reduced() async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .status(404, "X: y") }
        let secret = source.address("film.mp4?key=hush")
        let failed = try await fetched(house, secret)
        let waiting = try await begin(house, secret).video.id
        let trashed = try await begin(house, secret).video.id
        #expect(try await house.client(.creator).send(.delete, "/api/v1/videos/\(trashed)").status == .noContent)
        _ = try await house.database.write { transaction in
            try transaction.execute(
                "UPDATE fetches SET address = $2, is_reduced = 0 WHERE video_id = $1", failed.id, secret)
        }
        try await house.videos.fetches.reduceAddresses()
        let kept = try await house.database.read { access in
            try access.query("SELECT video_id, address FROM fetches").reduce(into: [String: String]()) {
                $0[try $1.value("video_id")] = try $1.value("address")
            }
        }
        #expect(kept == ["\(failed.id)": source.address("film.mp4"), waiting: secret, trashed: secret])
        await house.close()
    }

    @Test("The same bytes a second time are told apart from a new video")
    func known() async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .file(Self.film) }
        let first = try await fetched(house, source.address("film.mp4"))
        let second = try await fetched(house, source.address("film.mp4"))
        #expect(second.failure?.code == "video_known" && second.status == .failed)
        #expect(try house.files() == ["videos/\(first.id)/original"])
        await house.close()
    }

    @Test("A removed video is fetched no more", arguments: [false, true])
    func removed(isPausing: Bool) async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .cut(Self.film, after: 5000, tag: "\"1\"") }
        let begun = try await begin(house, source.address("film.mp4"))
        if isPausing { try await house.videos.fetches.runDue() }
        let gone = try await house.client(.creator).send(.delete, "/api/v1/videos/\(begun.video.id)")
        #expect(gone.status == .noContent)
        try await again(house)
        #expect(source.requests.count == (isPausing ? 1 : 0))
        #expect(try house.files().isEmpty)
        await house.close()
    }

    @Test("In the trash nothing is fetched; out of it the fetch begins anew", arguments: [false, true])
    func trashed(isBegun: Bool) async throws {
        let house = try await house()
        let source = try Source(house.loops) { request in
            isBegun && request.isFirst ? .cut(Self.film, after: 5000, tag: "\"1\"") : .file(Self.film)
        }
        let client = house.client(.creator)
        let id = try await begin(house, source.address("film.mp4")).video.id
        if isBegun { try await house.videos.fetches.runDue() }
        #expect(try await client.send(.delete, "/api/v1/videos/\(id)").status == .noContent)
        try await again(house)
        let asked = source.requests.count
        #expect(asked == (isBegun ? 1 : 0))
        #expect(try await client.send(.post, "/api/v1/trash/\(id)/restore").status == .ok)
        try await house.videos.fetches.runDue()
        #expect(source.requests.last?.range == nil)
        #expect(try await video(house, id).checksum == Hex.encode(SHA256.hash(Self.film)))
        await house.close()
    }

    @Test("One that is removed while it is looked at leaves nothing")
    func removedInside() async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .file(Self.film) }
        let id = try await begin(house, source.address("film.mp4")).video.id
        house.encoder.whileInspecting {
            let gone = try await house.client(.creator).send(.delete, "/api/v1/videos/\(id)")
            #expect(gone.status == .noContent)
        }
        try await house.videos.fetches.runDue()
        #expect(try house.files().isEmpty)
        #expect(try await house.videos.count.byStatus() == ["trashed": 1])
        await house.close()
    }

    @Test("Only those who may upload may fetch, so many at a time, and others see nothing of where it comes from")
    func limits() async throws {
        let house = try await house { $0.uploadsPerUser = 2 }
        let source = try Source(house.loops) { _ in .cut(Self.film, after: 5000, tag: "\"1\"") }
        let body = #"{"input_url":"\#(source.address("a"))"}"#
        let stranger = try await house.client(.premium).send(
            .post, "/api/v1/videos", headers: [.contentType: "application/json"], body: RequestBody(body))
        #expect(stranger.status == .forbidden)
        let id = try await begin(house, source.address("a")).video.id
        #expect(try await begin(house, source.address("b")).status == .accepted)
        #expect(try await begin(house, source.address("c")).code == "too_many_uploads")
        let seen = try await house.client(.premium).get("/api/v1/videos/\(id)")
        #expect(seen.status == .ok && !seen.text.contains("fetch") && !seen.text.contains("127.0.0.1"))
        await house.close()
    }

    @Test("What a server had in hand that is gone is taken at once; what one has that lives is left to it")
    func taken() async throws {
        let house = try await house()
        let source = try Source(house.loops) { _ in .file(Self.film) }
        let id = try #require(VideoID(try await begin(house, source.address("a")).video.id))
        let other = LeaseOwner()
        let until = house.clock.now.addingTimeInterval(30)
        _ = try await house.database.write {
            try FetchStore().take(id, by: other, until: until, from: ("", Date(timeIntervalSince1970: 0)), in: $0)
        }
        try await house.videos.fetches.runDue()
        #expect(source.requests.isEmpty)
        other.close()
        try await house.videos.fetches.runDue()
        #expect(try await video(house, "\(id)").fetch == nil)
        await house.close()
    }

    @Test("A start sweeps nothing away that a fetch goes on with")
    func swept() async throws {
        let house = try await house()
        let source = try Source(house.loops) { request in
            request.isFirst ? .cut(Self.film, after: 5000, tag: "\"1\"") : .rest(Self.film, of: request, tag: "\"1\"")
        }
        let id = try await fetched(house, source.address("a")).id
        await house.videos.recovery.recover(try await house.videos.recovery.takeInventory())
        try await again(house)
        #expect(try await video(house, "\(id)").fetch == nil && source.sent == Self.film.utf8.count)
        await house.close()
    }

    @Test(
        "The name of the file, in both forms (RFC 6266)",
        arguments: [
            ("attachment; filename=film.mp4", "film.mp4"), ("attachment;filename=\"a; b\\\"c.mp4\"", "a; b\"c.mp4"),
            ("inline; filename*=utf-8'en'%e2%82%ac.mp4; filename=e.mp4", "€.mp4"),
            ("attachment; filename*=ISO-8859-1''%A3.mp4", "£.mp4"),
            ("attachment; filename*=utf-7''a; filename=b.mp4", "b.mp4"), ("attachment", nil), ("", nil),
            ("attachment; filename=", nil), ("; ; filename = \"x\"", "x"), ("attachment; filename=\"x", "x"),
        ] as [(String, String?)])
    func names(field: String, name: String?) {
        #expect(SourceFileName.read(field) == name)
    }
}

extension VideoSettings {
    fileprivate static var fetching: VideoSettings {
        var settings = VideoSettings()
        settings.fetchNetworks = [IPNetwork("127.0.0.1")].compactMap(\.self)
        return settings
    }
}
