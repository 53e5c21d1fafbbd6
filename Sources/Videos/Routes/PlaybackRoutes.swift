import HTTP
import Reactor
import Web

extension VideoCatalogue {
    /// Playlists, segments, keys and pictures.
    func addPlaybackRoutes(to router: RouterBuilder) {
        let video = playbackOfVideo("/api/v1/videos/{id}", in: router)
        video.get("/hls/master.m3u8") { _, context in
            let presentation = try await self.presentation(of: context.video)
            // This one is not like any other: its addresses hold a grant.
            let playlists = VideoPlaylists(presentation: presentation, folder: context.pass.folder)
            return Self.secret(.text(playlists.master(), type: VideoPlaylists.type))
        }
        addPictureRoutes(to: video)
        let granted = playbackByGrant("/api/v1/play/{grant}", in: router)
        addPlaylistRoutes(to: granted)
        addMediaRoutes(to: granted)
        addSharedRoute(to: router)
    }

    private func addPlaylistRoutes(to granted: RouterGroup<PlaybackContext>) {
        granted.get(
            "/master.m3u8",
            atOnce: { request, context in self.keptPlaylist(of: context.video)?.response(for: request) },
            { request, context in try await self.masterPlaylist(of: context.video).response(for: request) })
        granted.get(
            "/{rendition}/index.m3u8",
            atOnce: { request, context in
                self.keptPlaylist(of: context.video, rendition: try context.rendition)?.response(for: request)
            },
            { request, context in
                try await self.mediaPlaylist(of: context.video, rendition: try context.rendition)
                    .response(for: request)
            })
        granted.get(
            "/{rendition}/keyframes.m3u8",
            atOnce: { request, context in
                self.keptPlaylist(of: context.video, rendition: try context.rendition, isOfKeyframes: true)?
                    .response(for: request)
            },
            { request, context in
                try await self.keyframePlaylist(of: context.video, rendition: try context.rendition)
                    .response(for: request)
            })
        granted.get("/{rendition}/captions.vtt") { _, context in
            guard case .file(let file) = try await self.encoding.captions(context.video, try context.rendition)
            else { throw VideoError.partMissing }
            var response = Response.file(file, type: "text/vtt; charset=utf-8", etag: EntityTag(file))
            response.headers[.cacheControl] = "private, max-age=3600"
            return response
        }
    }

    private func addMediaRoutes(to granted: RouterGroup<PlaybackContext>) {
        granted.get("/{rendition}/key") { _, context in
            guard let key = try await self.encoding.key(context.video, try context.rendition) else {
                throw VideoError.partMissing
            }
            return Self.secret(.bytes(key, type: "application/octet-stream"))
        }
        granted.get("/{rendition}/init.mp4") { _, context in
            try Self.response(
                for: try await self.encoding.initSegment(context.video, try context.rendition, context.pass.viewer))
        }
        granted.get(
            "/{rendition}/{number}.m4s",
            atOnce: { _, context in
                self.encoding.openSegment(context.video, try context.rendition, try context.segmentNumber)
                    .map { Self.segment($0, keptBy: "private") }
            },
            { _, context in
                try Self.response(
                    for: try await self.encoding.segment(
                        context.video, try context.rendition, try context.segmentNumber, context.pass.viewer))
            })
    }

    private func addPictureRoutes(to video: RouterGroup<PlaybackContext>) {
        let pictures: [(String, VideoPicture, String)] = [
            ("/thumbnail.jpg", .thumbnail, "image/jpeg"), ("/storyboard.jpg", .storyboardImage, "image/jpeg"),
            ("/storyboard.vtt", .storyboardTrack, "text/vtt; charset=utf-8"),
        ]
        for (path, picture, type) in pictures {
            video.get(path) { _, context in
                guard case .file(let file) = try await self.encoding.picture(context.video, picture) else {
                    throw VideoError.partMissing
                }
                var response = Response.file(file, type: type, etag: EntityTag(file))
                // Pictures show what is in the video: only this viewer's browser may keep them.
                response.headers[.cacheControl] = "private, max-age=3600"
                return response
            }
        }
    }

    /// Complete segments have one address for everybody, and any cache may keep them: they are noise without their key.
    /// Whatever else is asked for here does not exist.
    private func addSharedRoute(to router: RouterBuilder) {
        router.get(
            "/media/{id}/{rendition}/{number}.m4s", access: .public,
            atOnce: { _, context in
                guard let id = try? context.videoID else { throw VideoError.partMissing }
                return self.encoding.openSharedSegment(id, try context.rendition, try context.segmentNumber)
                    .map { Self.segment($0, keptBy: "public") }
            },
            { _, context in
                guard
                    let file = try await self.encoding.sharedSegment(
                        try context.videoID, try context.rendition, try context.segmentNumber)
                else { throw VideoError.partMissing }
                return Self.segment(file, keptBy: "public")
            })
    }

    /// Segments never change once they are made, so whoever has fetched one may keep it.
    private static func segment(_ file: OpenFile, keptBy scope: String) -> Response {
        var response = Response.file(file, type: "video/mp4", etag: EntityTag(file))
        response.headers[.cacheControl] = "\(scope), max-age=31536000, immutable"
        return response
    }

    private static func response(for part: VideoPart) throws(VideoError) -> Response {
        switch part {
        case .file(let file): return segment(file, keptBy: "private")
        case .unavailable(let seconds): throw .partUnavailable(retryAfter: seconds)
        case .missing: throw .partMissing
        case .failed: throw .partFailed
        }
    }

    private static func secret(_ response: Response) -> Response {
        var response = response
        response.headers[.cacheControl] = "private, no-store"
        return response
    }
}
