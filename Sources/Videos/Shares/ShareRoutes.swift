import FoundationEssentials
import HTTP
import Web

/// Links of videos: what their makers do with them, and what is answered to those who follow them.
struct ShareRoutes: Sendable {
    let manage: ManageShares
    let open: OpenShare
    let links: ShareLinks
    let pictures: FindPicture
    /// Where people reach this installation; nil where nobody has said.
    let site: String?

    func add(to router: RouterBuilder, _ videos: RouterGroup<ViewerContext>) {
        addManagement(to: videos)
        // Who else they are, and whether they are signed in, makes no difference: `OpenShare` asks `VideoAccess` about the link.
        let shares = router.group("/api/v1/shares/{token}", access: .public, limit: .sharing)
        shares.get("") { _, context in
            Self.fresh(try .json(SharedBody(try await open.find(try context.shareToken), try context.shareToken)))
        }
        shares.post("/play", bodyLimit: 4096) { request, context in
            let wish = try await request.decodeIfPresent(ShareVisit.self)
            let (pass, found) = try await open.play(
                try context.shareToken, password: wish?.password, going: wish?.grant, from: request.remoteAddress)
            return Self.fresh(try .json(SharedPlayBody(pass, found)))
        }
        shares.get("/thumbnail.jpg") { _, context in
            let found = try await open.find(try context.shareToken)
            try OpenShare.check(found.decide(.picture))
            guard let content = try await pictures.cover(of: found.video.id, found.video.version) else {
                throw VideoError.partMissing
            }
            var response = Response.file(content.file, type: "image/jpeg", etag: EntityTag(content.version))
            // Whoever previews the link fetches it once.
            response.headers[.cacheControl] = "private, max-age=300"
            return response
        }
        router.get("/api/v1/oembed", access: .public, limit: .sharing) { request, _ in
            let question = try OEmbed.Question(request.query)
            guard let token = question.token else { throw ShareError.notFound }
            let page = SharedPage(try await open.find(token), token)
            let origin = site ?? request.ownOrigin
            return Self.fresh(try .json(try OEmbed(page, question, from: origin)))
        }
    }

    private func addManagement(to videos: RouterGroup<ViewerContext>) {
        videos.get("/{id}/shares", limit: .browsing) { _, context in
            let listed = try await manage.list(of: try context.videoID, for: context.viewer)
            return Self.fresh(try .json(ShareListBody(data: listed.map { ShareBody($0, links) })))
        }
        videos.post("/{id}/shares", limit: .keeping, bodyLimit: 16 << 10) { request, context in
            let id = try context.videoID
            // Who may not see it is not told that the body is wrong.
            try await manage.check(id, for: context.viewer)
            let wish = try await request.decode(ShareWish.self)
            let made = try await manage.create(wish, of: id, by: context.viewer, from: context.auditOrigin)
            return Self.fresh(try .json(ShareBody(made, links), status: .created))
        }
        videos.delete("/{id}/shares/{share}", limit: .keeping) { _, context in
            let id = try context.videoID
            try await manage.check(id, for: context.viewer)
            guard let share = context.parameters["share"].flatMap({ ShareID($0) }) else { throw ShareError.notFound }
            try await manage.remove(share, of: id, by: context.viewer, from: context.auditOrigin)
            return .noContent
        }
    }

    private static func fresh(_ response: Response) -> Response {
        var response = response
        response.headers[.cacheControl] = "private, no-store"
        return response
    }
}

extension RequestContext {
    /// What may be a link's token.
    fileprivate var shareToken: String {
        get throws { try parameters.require("token") }
    }
}

extension RateLimit {
    /// What is asked for by links, with nobody signed in.
    static let sharing = RateLimit("sharing", of: .address, burst: 240, interval: .milliseconds(200))
}

private struct ShareVisit: Decodable, Sendable {
    var password: String?
    /// Of a view that goes on.
    var grant: String?
}

private struct ShareListBody: Encodable, Sendable {
    let data: [ShareBody]
}

/// A link as those see it who manage the video.
private struct ShareBody: Encodable, Sendable {
    let listed: ManageShares.Listed
    let token: String

    init(_ listed: ManageShares.Listed, _ links: ShareLinks) {
        self.listed = listed
        token = links.token(of: listed.share.id)
    }

    enum CodingKeys: String, CodingKey {
        case id, url
        case embedURL = "embed_url"
        case createdBy = "created_by"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
        case hasPassword = "has_password"
        case replacesPassword = "replaces_password"
        case viewLimit = "view_limit"
        case viewCount = "view_count"
        case startsAt = "starts_at_seconds"
        case isEmbeddable = "is_embeddable"
        case isOpen = "is_open"
    }

    func encode(to encoder: any Encoder) throws {
        let share = listed.share
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(share.id, forKey: .id)
        try body.encode("/s/\(token)", forKey: .url)
        try body.encode(share.isEmbeddable ? "/embed/\(token)" : nil, forKey: .embedURL)
        try body.encode(share.maker, forKey: .createdBy)
        try body.encode(share.createdAt, forKey: .createdAt)
        try body.encode(share.expiresAt, forKey: .expiresAt)
        try body.encode(share.passwordHash != nil, forKey: .hasPassword)
        try body.encode(share.replacesPassword, forKey: .replacesPassword)
        try body.encode(share.viewLimit, forKey: .viewLimit)
        try body.encode(share.viewCount, forKey: .viewCount)
        try body.encode(share.startsAt, forKey: .startsAt)
        try body.encode(share.isEmbeddable, forKey: .isEmbeddable)
        try body.encode(listed.isOpen, forKey: .isOpen)
    }
}

/// What a page needs to know of a link before it plays.
private struct SharedBody: Encodable, Sendable {
    let found: FoundShare
    let page: SharedPage

    init(_ found: FoundShare, _ token: String) {
        self.found = found
        page = SharedPage(found, token)
    }

    enum CodingKeys: String, CodingKey {
        case title
        case asksPassword = "asks_password"
        case startsAt = "starts_at_seconds"
        case isEmbeddable = "is_embeddable"
        case thumbnailURL = "thumbnail_url"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(page.about?.title, forKey: .title)
        try body.encode(found.passwordHash != nil, forKey: .asksPassword)
        try body.encode(found.share.startsAt, forKey: .startsAt)
        try body.encode(found.share.isEmbeddable, forKey: .isEmbeddable)
        try body.encode(page.about?.picture, forKey: .thumbnailURL)
    }
}

/// The answer to `/play`, for those who come by a link: with what is shown beside the player.
private struct SharedPlayBody: Encodable, Sendable {
    let pass: PlaybackPass?
    let found: FoundShare

    init(_ pass: PlaybackPass?, _ found: FoundShare) {
        self.pass = pass
        self.found = found
    }

    enum CodingKeys: String, CodingKey {
        case status, grant, title, kind
        case playbackURL = "playback_url"
        case storyboardURL = "storyboard_url"
        case thumbnailURL = "thumbnail_url"
        case expiresAt = "expires_at"
        case startsAt = "starts_at_seconds"
    }

    func encode(to encoder: any Encoder) throws {
        let video = found.video
        func picture(_ name: String) -> String? {
            pass.map { "/api/v1/videos/\(video.id)/\(name)?token=\($0.token)" }
        }
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(video.status, forKey: .status)
        try body.encode(pass?.token, forKey: .grant)
        try body.encode(pass.map { $0.folder + "master.m3u8" }, forKey: .playbackURL)
        try body.encode(pass.map { Date(timeIntervalSince1970: Double($0.expiresAt)) }, forKey: .expiresAt)
        try body.encode(found.share.startsAt, forKey: .startsAt)
        try body.encode(video.title, forKey: .title)
        try body.encode(video.kind, forKey: .kind)
        try body.encode(
            video.hasThumbnail || video.poster != nil ? picture("thumbnail.jpg") : nil, forKey: .thumbnailURL)
        try body.encode(video.kind == .video ? picture("storyboard.vtt") : nil, forKey: .storyboardURL)
    }
}
