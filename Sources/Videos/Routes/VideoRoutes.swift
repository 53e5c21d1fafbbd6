import Accounts
import FoundationEssentials
import HTTP
import Storage
import Web

extension VideoCatalogue {
    /// Everything that is about videos: below `/api/v1`, and `/media`.
    ///
    /// The router's access check must leave the `Caller` in the context.
    public func addRoutes(to router: RouterBuilder) {
        let videos = router.group("/api/v1/videos", access: .signedIn, context: ViewerContext.self)
        addCatalogueRoutes(to: videos)
        addEventRoutes(to: videos)
        addViewingRoutes(to: videos)
        addPlaybackRoutes(to: router)
        addUploadRoutes(to: router)
    }

    private func addCatalogueRoutes(to videos: RouterGroup<ViewerContext>) {
        videos.get("", limit: .browsing) { request, context in
            let query = request.query
            let page = try await self.list(VideoQuery { query[$0] }, for: context.viewer)
            return try .json(VideoListBody(page, for: context.viewer))
        }
        videos.post("", limit: .uploading, bodyLimit: formLimit) { request, context in
            switch try await self.receive(request, by: context.caller) {
            case .created(let video):
                var response = try Response.json(VideoBody(video, for: context.viewer), status: .created)
                response.headers[.location] = "/api/v1/videos/\(video.id)"
                return response
            case .known(let video): return try .json(VideoBody(video, for: context.viewer))
            }
        }
        videos.get("/{id}") { _, context in
            let id = try context.videoID
            return try .json(
                VideoBody(try await self.video(id, for: context.viewer, through: .details), for: context.viewer))
        }
        videos.patch("/{id}", bodyLimit: 256 << 10) { request, context in
            let id = try context.videoID
            // Who may not see it is not told that the body is wrong.
            _ = try await self.video(id, for: context.viewer, through: .change)
            let change = try await request.decode(VideoChange.self)
            return try .json(VideoBody(try await self.change(id, change, by: context.viewer), for: context.viewer))
        }
        videos.delete("/{id}") { _, context in
            try await self.remove(try context.videoID, by: context.viewer)
            return .noContent
        }
        videos.post("/{id}/retry") { _, context in
            let video = try await self.retry(try context.videoID, by: context.viewer)
            return try .json(VideoBody(video, for: context.viewer), status: .accepted)
        }
    }

    private func addViewingRoutes(to videos: RouterGroup<ViewerContext>) {
        videos.get("/{id}/play", limit: .playing) { request, context in
            var response = try Response.json(try await self.play(try context.videoID, request, by: context.caller))
            response.headers[.cacheControl] = "private, no-store"
            return response
        }
        videos.post("/{id}/progress", bodyLimit: 4096) { request, context in
            let body = try await request.decode(PositionBody.self)
            try await self.remember(body.position, of: try context.videoID, by: context.viewer)
            return .noContent
        }
        videos.post("/{id}/unlock", bodyLimit: 4096) { request, context in
            let id = try context.videoID
            let body = try await request.decode(UnlockBody.self)
            let pass = try await self.unlock(
                id, password: body.password, from: request.remoteAddress, by: context.caller)
            var response = try Response.json(UnlockedBody(pass))
            response.headers[.cacheControl] = "private, no-store"
            response.set(
                Cookie(
                    name: Self.unlockCookie(of: id), value: pass.token, path: "/api/v1/videos/\(id)",
                    maxAge: self.settings.unlockLifetime, isSecure: request.isSecure))
            return response
        }
    }

    private func receive(_ request: Request, by caller: Caller) async throws -> FinishedUpload {
        do {
            return try await receiveForm(request, by: caller)
        } catch StorageError.noSpace {
            throw Problem.noSpace
        }
    }

    /// A form holds more than the file: its fields and what frames them.
    private var formLimit: Int { Int(clamping: settings.maximumUploadBytes) + (4 << 20) }
}

extension RateLimit {
    /// Pages of the library: each is a search in the database.
    static let browsing = RateLimit("browsing", of: .account, burst: 240, interval: .milliseconds(200))
    /// Grants to play. What is played with them is not counted.
    static let playing = RateLimit("playing", of: .account, burst: 240, interval: .milliseconds(200))
    /// Beginnings of uploads, however they are sent: each takes a place on the disk. Chunks are not counted.
    static let uploading = RateLimit("uploading", of: .account, burst: 240, interval: .milliseconds(500))
}

extension RequestContext {
    /// The video of the path; what cannot be an id names no video.
    var videoID: VideoID {
        get throws {
            guard let id = parameters["id"].flatMap({ VideoID($0) }) else { throw VideoError.notFound }
            return id
        }
    }
}

private struct PositionBody: Decodable, Sendable {
    var position: Double
}

private struct UnlockBody: Decodable, Sendable {
    var password: String
}

private struct UnlockedBody: Encodable, Sendable {
    var token: String
    var expiresAt: Date

    init(_ pass: PlaybackPass) {
        token = pass.token
        expiresAt = Date(timeIntervalSince1970: Double(pass.expiresAt))
    }
}
