import Accounts
import HTTP
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Downloads of renditions")
struct DownloadRenditionTests {
    private func video(in house: VideoHouse, downloads: String?) async throws -> String {
        let id = try await house.upload("VIDEO", [("title", "AC/DC «Live»")]).video.id
        if let downloads { #expect(try await change(id, ["downloads": downloads], in: house).status == .ok) }
        return "/api/v1/videos/\(id)"
    }

    private func change(
        _ id: String, _ change: [String: String], in house: VideoHouse
    ) async throws -> InProcessClient.Answer {
        try await house.client(.creator).send(.patch, "/api/v1/videos/\(id)", json: change)
    }

    @Test("Its owner decides what those may keep who may watch it", arguments: [nil, "none", "mp4", "original"])
    func policy(downloads: String?) async throws {
        let house = try await VideoHouse()
        let path = try await video(in: house, downloads: downloads)
        for role in [Role.creator, .admin] {
            #expect(try await house.client(role).get(path + "/renditions/360p.mp4").status == .ok)
            #expect(try await house.client(role).get(path + "/original").status == .ok)
        }
        let viewer = house.client(.user)
        let told = try await viewer.get(path).text
        #expect(told.contains("\"downloads\":\"\(downloads ?? "none")\""))
        let (movie, original) = (downloads == "mp4" || downloads == "original", downloads == "original")
        #expect(try await viewer.get(path + "/renditions/360p.mp4").status == (movie ? .ok : .forbidden))
        #expect(try await viewer.get(path + "/original").status == (original ? .ok : .forbidden))
        for door in ["/renditions/360p.mp4", "/original"] {
            #expect(try await house.client(nil).get(path + door).status == .unauthorized)
        }
        await house.close()
    }

    @Test("It is a file that is called what the video is called, and comes piece by piece")
    func file() async throws {
        let house = try await VideoHouse()
        let path = try await video(in: house, downloads: "mp4")
        let answer = try await house.client(.user).get(path + "/renditions/720p.mp4")
        #expect(answer.text == "headfirstsecond" && answer.headers[.contentType] == "video/mp4")
        #expect(answer.headers[.cacheControl] == "private, no-store" && answer.headers[.contentLength] == nil)
        let disposition = answer.headers["Content-Disposition"] ?? ""
        #expect(disposition.hasPrefix("attachment; filename=\"AC-DC _Live_ 720p.mp4\""), "\(disposition)")
        await house.close()
    }

    @Test("A password stands before it as before playing, and hidden and premium videos do not exist")
    func locked() async throws {
        let house = try await VideoHouse()
        let path = try await video(in: house, downloads: "original")
        let id = path.split(separator: "/").last.map(String.init) ?? ""
        #expect(try await change(id, ["password": "sesame"], in: house).status == .ok)
        let viewer = house.client(.user)
        for door in ["/renditions/360p.mp4", "/original"] {
            #expect(try await viewer.get(path + door).code == "video_locked")
        }
        let unlocked = try await viewer.send(.post, path + "/unlock", json: ["password": "sesame"])
        struct Token: Decodable { var token: String }
        viewer.headers["X-Video-Unlock"] = try unlocked.decode(Token.self).token
        for door in ["/renditions/360p.mp4", "/original"] { #expect(try await viewer.get(path + door).status == .ok) }
        for flag in ["is_premium", "is_hidden"] {
            let changed = try await house.client(.creator).send(.patch, path, json: [flag: true])
            #expect(changed.status == .ok)
            #expect(try await viewer.get(path + "/renditions/360p.mp4").code == "video_not_found")
            _ = try await house.client(.creator).send(.patch, path, json: [flag: false])
        }
        await house.close()
    }

    @Test("What cannot be one file is said to be so")
    func refusals() async throws {
        let house = try await VideoHouse()
        let path = try await video(in: house, downloads: "mp4")
        let viewer = house.client(.user)
        let later = try await viewer.get(path + "/renditions/slow.mp4")
        #expect(later.status == .serviceUnavailable && later.code == "rendition_not_ready")
        #expect(later.headers[.retryAfter] == "3")
        #expect(try await viewer.get(path + "/renditions/mended.mp4").code == "rendition_not_downloadable")
        #expect(try await viewer.get(path + "/renditions/nothing.mp4").code == "part_not_found")
        let id = path.split(separator: "/").last.map(String.init) ?? ""
        #expect(try await change(id, ["downloads": "everything"], in: house).status == .unprocessableContent)
        await house.close()
    }

    /// What may happen while a file is on its way.
    enum Event: CaseIterable {
        case trashed, forbidden, hidden, signedOut, demoted
    }

    @Test("Whoever may not have it any more gets no further segment", arguments: Event.allCases)
    func meanwhile(event: Event) async throws {
        let house = try await VideoHouse()
        let path = try await video(in: house, downloads: "mp4")
        let id = try #require(path.split(separator: "/").last.flatMap { VideoID(String($0)) })
        if event == .demoted {
            #expect(try await house.client(.creator).send(.patch, path, json: ["is_premium": true]).status == .ok)
        }
        let response = try await house.videos.downloadRendition(
            id, "360p", Request(method: .get, target: path), by: house.accounts.caller(.premium))
        guard case .stream(nil, let produce) = response.body else { throw CancellationError() }
        let writer = PieceWriter {
            switch event {
            case .trashed: _ = try await house.client(.creator).send(.delete, path)
            case .forbidden:
                _ = try await house.client(.creator).send(.patch, path, json: ["downloads": "none"])
            case .hidden: _ = try await house.client(.creator).send(.patch, path, json: ["is_hidden": true])
            case .signedOut: try await house.befall(.premium, .signedOut)
            case .demoted: try await house.befall(.premium, .demoted)
            }
        }
        await #expect(throws: VideoError.self) { try await produce(writer) }
        #expect(writer.text == "head")
        await house.close()
    }
}

/// Does something behind the first piece.
private final class PieceWriter: ResponseWriter {
    private let afterFirst: () async throws -> Void
    private(set) var text = ""

    init(afterFirst: @escaping () async throws -> Void) { self.afterFirst = afterFirst }

    func write(_ bytes: [UInt8]) async throws {
        let isFirst = text.isEmpty
        text += String(decoding: bytes, as: UTF8.self)
        if isFirst { try await afterFirst() }
    }

    func keepsGoing() -> Bool { true }
}
