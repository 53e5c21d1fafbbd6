import HTTP
import Media
import Reactor
import Storage
import Web

/// Playlists, segments, keys and pictures.
struct PlaybackRoutes: Sendable {
    let grant: GrantPlayback
    let playlists: ServePlaylists
    let captions: ReadCaptions
    let encoding: VideoEncoding
    let pictures: PictureRoutes
    let keyUse: KeyUse

    func add(to router: RouterBuilder) {
        let video = grant.routesOfVideo("/api/v1/videos/{id}", in: router)
        video.get("/hls/master.m3u8") { _, context in
            let presentation = try await playlists.presentation(of: context.pass)
            // This one is not like any other: its addresses hold a grant.
            let text = VideoPlaylists(presentation: presentation, folder: context.pass.folder).master()
            return Self.secret(.text(text, type: VideoPlaylists.type))
        }
        pictures.add(to: video)
        addStoryboardRoutes(to: video)
        let granted = grant.routesByGrant("/api/v1/play/{grant}", in: router)
        addPlaylistRoutes(to: granted)
        addMediaRoutes(to: granted)
        addSharedRoute(to: router)
    }

    private func addPlaylistRoutes(to granted: RouterGroup<PlaybackContext>) {
        granted.get(
            "/master.m3u8",
            atOnce: { request, context in playlists.kept(of: context.pass)?.response(for: request) },
            { request, context in try await playlists.master(of: context.pass).response(for: request) })
        granted.get(
            "/{rendition}/index.m3u8",
            atOnce: { request, context in
                playlists.kept(of: context.pass, rendition: try context.rendition)?.response(for: request)
            },
            { request, context in
                try await playlists.media(of: context.pass, rendition: try context.rendition)
                    .response(for: request)
            })
        granted.get(
            "/{rendition}/keyframes.m3u8",
            atOnce: { request, context in
                playlists.kept(of: context.pass, rendition: try context.rendition, isOfKeyframes: true)?
                    .response(for: request)
            },
            { request, context in
                try await playlists.keyframes(of: context.pass, rendition: try context.rendition)
                    .response(for: request)
            })
        granted.get("/{rendition}/captions.vtt") { _, context in
            let rendition = try context.rendition
            if rendition.hasPrefix(Caption.prefix) {
                let language = Caption.language(ofRendition: rendition)
                let text = try await captions.text(of: context.video, language)
                return .captions(text.forHLS, type: "text/vtt; charset=utf-8", version: "\(text.version)-hls")
            }
            guard let text = try await encoding.captions(context.version, rendition) else {
                throw VideoError.partMissing
            }
            var response = Response.file(
                text.file, type: "text/vtt; charset=utf-8", etag: EntityTag(text.version))
            response.headers[.cacheControl] = "private, max-age=3600"
            return response
        }
    }

    private func addMediaRoutes(to granted: RouterGroup<PlaybackContext>) {
        granted.get("/{rendition}/key") { _, context in
            guard let key = try await encoding.key(context.version, try context.rendition) else {
                throw VideoError.partMissing
            }
            keyUse.note(context.pass, from: context.remoteAddress)
            return Self.secret(.bytes(key, type: "application/octet-stream"))
        }
        granted.get("/{rendition}/init.mp4") { _, context in
            let rendition = try context.rendition
            return try Self.response(
                for: try await encoding.initSegment(context.version, rendition, context.pass.viewer),
                Self.tag(context.version, rendition))
        }
        granted.get(
            "/{rendition}/{number}.m4s",
            atOnce: { _, context in
                let (rendition, number) = (try context.rendition, try context.segmentNumber)
                return encoding.openSegment(context.version, rendition, number)
                    .map { Self.segment($0, Self.tag(context.version, rendition, number), keptBy: "private") }
            },
            { _, context in
                let (rendition, number) = (try context.rendition, try context.segmentNumber)
                return try Self.response(
                    for: try await encoding.segment(context.version, rendition, number, context.pass.viewer),
                    Self.tag(context.version, rendition, number))
            })
    }

    private func addStoryboardRoutes(to video: RouterGroup<PlaybackContext>) {
        let pictures: [(String, PictureKind, String)] = [
            ("/storyboard.jpg", .storyboard, "image/jpeg"),
            ("/storyboard.vtt", .storyboardCues, "text/vtt; charset=utf-8"),
        ]
        for (path, picture, type) in pictures {
            video.get(path) { _, context in
                guard let content = try await encoding.picture(context.version, picture) else {
                    throw VideoError.partMissing
                }
                var response = Response.file(content.file, type: type, etag: EntityTag(content.version))
                // Pictures show what is in the video: only this viewer's browser may keep them.
                response.headers[.cacheControl] = "private, max-age=3600"
                return response
            }
        }
    }

    /// Complete segments of a version have one address for everybody, and any cache may keep them: they are noise without their key.
    /// Whatever else is asked for here does not exist.
    private func addSharedRoute(to router: RouterBuilder) {
        router.get(
            "/media/{id}/{rendition}/{number}.m4s", access: .public,
            atOnce: { _, context in
                guard let id = try? context.versionID else { throw VideoError.partMissing }
                let (rendition, number) = (try context.rendition, try context.segmentNumber)
                return encoding.openSharedSegment(id, rendition, number)
                    .map { Self.segment($0, Self.tag(id, rendition, number), keptBy: "public") }
            },
            { _, context in
                let (id, rendition) = (try context.versionID, try context.rendition)
                let number = try context.segmentNumber
                if let address = try await encoding.sharedSegmentAddress(id, rendition, number) {
                    var response = Response.redirect(to: address, status: .temporaryRedirect)
                    response.headers[.cacheControl] = "public, max-age=\(BlobAddresses.keptSeconds)"
                    return response
                }
                guard let file = try await encoding.sharedSegment(id, rendition, number) else {
                    throw VideoError.partMissing
                }
                return Self.segment(file, Self.tag(id, rendition, number), keptBy: "public")
            })
    }

    /// Segments never change once they are made, so whoever has fetched one may keep it.
    private static func segment(_ file: OpenFile, _ tag: EntityTag, keptBy scope: String) -> Response {
        var response = Response.file(file, type: "video/mp4", etag: tag)
        response.headers[.cacheControl] = "\(scope), max-age=31536000, immutable"
        return response
    }

    /// The same on every server, and there are never other bytes under these names.
    private static func tag(_ id: VersionID, _ rendition: String, _ number: Int? = nil) -> EntityTag {
        EntityTag("\(id)-\(rendition)-\(number.map(String.init) ?? "init")")
    }

    private static func response(for part: VideoPart, _ tag: EntityTag) throws(VideoError) -> Response {
        switch part {
        case .file(let file): return segment(file, tag, keptBy: "private")
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
