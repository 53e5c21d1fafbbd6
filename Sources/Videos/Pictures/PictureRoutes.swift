import HTTP
import Web

/// Covers and other pictures of videos.
struct PictureRoutes: Sendable {
    let find: FindPicture
    let change: ChangePoster

    /// - Parameter video: routes of those who may play it.
    func add(to video: RouterGroup<PlaybackContext>) {
        video.get("/thumbnail.jpg") { request, context in
            let query = request.query
            let wish = try PictureWish { query[$0] }
            let content = try await find(wish, of: context.video, context.version, for: context.pass.viewer)
            var response = Response.file(content.file, type: "image/jpeg", etag: EntityTag(content.version))
            // Pictures show what is in the video: only this viewer's browser may keep them.
            response.headers[.cacheControl] = "private, max-age=3600"
            return response
        }
    }

    func addChanges(to videos: RouterGroup<ViewerContext>) {
        videos.put("/{id}/poster", limit: .drawing, bodyLimit: ChangePoster.mostBytes) { request, context in
            let id = try context.videoID
            // Who may not see it is not told that the body is wrong.
            try await change.check(id, by: context.viewer)
            return try .json(
                VideoBody(try await change(id, try await Self.choice(request), by: context.viewer), for: context.viewer)
            )
        }
        videos.delete("/{id}/poster", limit: .drawing) { _, context in
            let video = try await change(try context.videoID, .automatic, by: context.viewer)
            return try .json(VideoBody(video, for: context.viewer))
        }
    }

    private static func choice(_ request: Request) async throws -> ChangePoster.Choice {
        if request.mediaType == "application/json" {
            let frame = try await request.decode(FrameChoice.self, limit: 4096)
            guard frame.time.isFinite, (0...PictureWish.mostSeconds).contains(frame.time) else {
                throw Problem.invalid(
                    field: "time", code: "invalid_time", "Seconds from the start of the film, such as 12.5.")
            }
            return .frame(frame.time)
        }
        // What it is is seen in its bytes: browsers do not know the type of every file.
        let type = request.mediaType
        guard type.hasPrefix("image/") || ["", "application/octet-stream"].contains(type) else {
            throw Problem(
                .unsupportedMediaType, code: "unsupported_media_type",
                detail: "Send image/jpeg, image/png, image/webp, or application/json with a time.")
        }
        return .picture(try await request.body.collect(upTo: ChangePoster.mostBytes))
    }

    private struct FrameChoice: Decodable {
        var time: Double
    }
}

extension RateLimit {
    /// Covers that are chosen: each is a picture that is made.
    static let drawing = RateLimit("drawing", of: .account, burst: 30, interval: .seconds(2))
}

extension RefusedPicture: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .noPicture:
            Problem(
                .unprocessableContent, code: "not_a_picture", title: "The file is not a picture",
                detail: "Choose a JPEG, PNG or WebP file.")
        case .tooManyPixels:
            Problem(
                .unprocessableContent, code: "picture_too_large", title: "The picture is too large",
                detail: "It has more than 50 million pixels. Make it smaller: 1280 pixels across are enough.")
        case .unreadable:
            Problem(
                .unprocessableContent, code: "picture_damaged", title: "The picture cannot be read",
                detail: "It is damaged, or made in a way that is not known here. Save it again as JPEG or PNG.")
        }
    }
}
