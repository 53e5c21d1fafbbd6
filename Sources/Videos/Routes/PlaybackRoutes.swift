import HTTP
import Reactor
import Web

extension VideoCatalogue {
    /// Playlists, segments, keys and pictures of one video.
    func addPlaybackRoutes(to video: RouterGroup<BaseContext>) {
        video.get("/hls/master.m3u8") { request, context in
            let id = try context.videoID
            let pass = try await self.pass(for: id, request)
            return self.playlist(
                VideoPlaylists(presentation: try await self.presentation(of: id), token: pass.token).master())
        }
        video.get("/hls/{rendition}/index.m3u8") { request, context in
            let id = try context.videoID
            let pass = try await self.pass(for: id, request)
            let presentation = try await self.presentation(of: id)
            let playlists = VideoPlaylists(presentation: presentation, token: pass.token)
            let name = try context.rendition
            if let track = presentation[name] { return self.playlist(playlists.media(of: track)) }
            guard let captions = presentation.captions.first(where: { $0.name == name }) else {
                throw VideoError.partMissing
            }
            return self.playlist(playlists.media(of: captions))
        }
        video.get("/hls/{rendition}/captions.vtt") { request, context in
            let id = try context.videoID
            _ = try await self.pass(for: id, request)
            guard case .file(let file, _) = try await self.encoding.captions(id, try context.rendition) else {
                throw VideoError.partMissing
            }
            var response = Response.file(file, type: "text/vtt; charset=utf-8", etag: EntityTag(file))
            response.headers[.cacheControl] = "private, max-age=3600"
            return response
        }
        video.get("/hls/{rendition}/key") { request, context in
            let id = try context.videoID
            _ = try await self.pass(for: id, request)
            guard let key = try await self.encoding.key(id, try context.rendition) else { throw VideoError.partMissing }
            return Self.secret(.bytes(key, type: "application/octet-stream"))
        }
        video.get("/hls/{rendition}/init.mp4") { request, context in
            let id = try context.videoID
            let viewer = try await self.pass(for: id, request).viewer
            return try Self.response(for: try await self.encoding.initSegment(id, try context.rendition, viewer))
        }
        video.get("/hls/{rendition}/{number}.m4s") { request, context in
            let id = try context.videoID
            guard let number = context.parameters["number"].flatMap(Self.segmentNumber) else {
                throw VideoError.partMissing
            }
            let viewer = try await self.pass(for: id, request).viewer
            return try Self.response(for: try await self.encoding.segment(id, try context.rendition, number, viewer))
        }
        addPictureRoutes(to: video)
    }

    private func addPictureRoutes(to video: RouterGroup<BaseContext>) {
        let pictures: [(String, VideoPicture, String)] = [
            ("/thumbnail.jpg", .thumbnail, "image/jpeg"), ("/storyboard.jpg", .storyboardImage, "image/jpeg"),
            ("/storyboard.vtt", .storyboardTrack, "text/vtt; charset=utf-8"),
        ]
        for (path, picture, type) in pictures {
            video.get(path) { request, context in
                let id = try context.videoID
                _ = try await self.pass(for: id, request)
                guard case .file(let file, _) = try await self.encoding.picture(id, picture) else {
                    throw VideoError.partMissing
                }
                var response = Response.file(file, type: type, etag: EntityTag(file))
                // Pictures show what is in the video: only this viewer's browser may keep them.
                response.headers[.cacheControl] = "private, max-age=3600"
                return response
            }
        }
    }

    /// The number in `17.m4s`, without a sign and without leading zeros: a segment has one name.
    static func segmentNumber(_ text: String) -> Int? {
        let digits = text.utf8
        guard (1...7).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            digits.count == 1 || digits.first != 0x30
        else { return nil }
        return Int(text)
    }

    /// Segments never change once they are made, so whoever has fetched one may keep it. Shared caches may only where it
    /// is noise without its key: films that were made without encryption stay so, whatever is set today.
    private static func response(for part: VideoPart) throws(VideoError) -> Response {
        switch part {
        case .file(let file, let isEncrypted):
            var response = Response.file(file, type: "video/mp4", etag: EntityTag(file))
            response.headers[.cacheControl] =
                isEncrypted
                ? "public, max-age=31536000, immutable" : "private, max-age=31536000, immutable"
            return response
        case .unavailable(let seconds): throw .partUnavailable(retryAfter: seconds)
        case .missing: throw .partMissing
        case .failed: throw .partFailed
        }
    }

    private func playlist(_ text: String) -> Response {
        Self.secret(.text(text, type: VideoPlaylists.type))
    }

    private static func secret(_ response: Response) -> Response {
        var response = response
        response.headers[.cacheControl] = "private, no-store"
        return response
    }
}

extension RequestContext {
    fileprivate var rendition: String {
        get throws { try parameters.require("rendition") }
    }
}
