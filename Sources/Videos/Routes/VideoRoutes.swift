import Accounts
import HTTP
import Storage
import Web

/// The catalogue: lists, one video, and what its owner does with it.
struct VideoRoutes: Sendable {
    let find: FindVideo
    let show: ShowVideo
    let list: ListVideos
    let change: ChangeVideo
    let trash: TrashVideo
    let retry: RetryVideo
    let endReplacement: EndReplacement
    let download: DownloadOriginal
    let downloadRendition: DownloadRendition
    let receive: ReceiveForm
    let beginFetch: BeginFetch
    /// In bytes.
    let formLimit: Int

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.get("", limit: .browsing) { request, context in
            let query = request.query
            let page = try await list(VideoQuery { query[$0] }, for: context.viewer)
            return try .json(VideoListBody(page, for: context.viewer))
        }
        videos.post("", access: .signedIn(opening: .upload), limit: .uploading, bodyLimit: formLimit) {
            request, context in
            if request.mediaType == "application/json" {
                let wish = try await request.decode(FetchWish.self, limit: 256 << 10)
                let video = try await beginFetch(wish, by: context.caller)
                var response = try Response.json(VideoBody(video, for: context.viewer), status: .accepted)
                response.headers[.location] = "/api/v1/videos/\(video.id)"
                return response
            }
            switch try await receiveVideo(request, by: context.caller) {
            case .created(let video):
                var response = try Response.json(VideoBody(video, for: context.viewer), status: .created)
                response.headers[.location] = "/api/v1/videos/\(video.id)"
                return response
            case .known(let video): return try .json(VideoBody(video, for: context.viewer))
            case .replacing(let video):
                return try .json(VideoBody(video, for: context.viewer), status: .accepted)
            }
        }
        videos.get("/{id}") { _, context in
            let (video, isFavorite) = try await show(try context.videoID, for: context.viewer)
            return try .json(VideoBody(video, for: context.viewer, isFavorite: isFavorite))
        }
        videos.patch("/{id}", bodyLimit: 256 << 10) { request, context in
            let id = try context.videoID
            // Who may not see it is not told that the body is wrong.
            _ = try await find(id, for: context.viewer, through: .change)
            let wish = try await request.decode(VideoChange.self)
            return try .json(
                VideoBody(
                    try await change(id, wish, by: context.viewer, from: context.auditOrigin), for: context.viewer))
        }
        videos.delete("/{id}") { _, context in
            try await trash(try context.videoID, by: context.viewer, from: context.auditOrigin)
            return .noContent
        }
        videos.get("/{id}/original", limit: .playing) { request, context in
            try await download(
                try context.videoID, request, for: context.viewer, by: context.auditOrigin)
        }
        videos.get("/{id}/renditions/{rendition}.mp4", limit: .playing) { request, context in
            try await downloadRendition(
                try context.videoID, try context.rendition, request, by: context.caller)
        }
        videos.delete("/{id}/replacement") { _, context in
            try await endReplacement(try context.videoID, by: context.viewer)
            return .noContent
        }
        videos.post("/{id}/retry") { _, context in
            let video = try await retry(try context.videoID, by: context.viewer)
            return try .json(VideoBody(video, for: context.viewer), status: .accepted)
        }
    }

    private func receiveVideo(_ request: Request, by caller: Caller) async throws -> FinishedUpload {
        do {
            return try await receive(request, by: caller)
        } catch StorageError.noSpace {
            throw Problem.noSpace
        }
    }
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
