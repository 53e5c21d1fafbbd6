import FoundationEssentials
import Media
import Web

/// A video as clients see it. Absent values are `null`, so that every field is always there; what is not for everyone is
/// absent for the others.
struct VideoBody: Encodable, Sendable {
    let video: Video
    /// The tool's own last words are for administrators.
    let showsFailureDetail: Bool
    /// What its owner's file was called, which bytes it had, and which groups it is for, is for its owner and administrators.
    let showsFile: Bool
    /// Only where one video is shown: lists show none.
    let descriptionHTML: String?
    /// Of the viewer's; nil where it is not told.
    let isFavorite: Bool?

    /// - Parameter isWhole: with what is shown of one video and not of many.
    init(_ video: Video, for viewer: Viewer, isWhole: Bool = true, isFavorite: Bool? = nil) {
        self.video = video
        self.isFavorite = isFavorite
        descriptionHTML = isWhole ? Markdown.html(video.description) : nil
        showsFailureDetail = viewer.role == .admin
        showsFile = VideoAccess.decide(viewer, video.subject, video.trashedAt == nil ? .change : .trash) == .allowed
    }

    enum CodingKeys: String, CodingKey {
        case id, kind, title, description, status, progress, duration, width, height, isPremium = "is_premium"
        case isHidden = "is_hidden"
        case hasPassword = "has_password"
        case category, tags, people, language, chapters
        case descriptionHTML = "description_html"
        case recordedOn = "recorded_on"
        case createdBy = "created_by"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case readyAt = "ready_at"
        case viewCount = "view_count"
        case isFavorite = "is_favorite"
        case byteCount = "byte_count"
        case fileName = "file_name"
        case checksum = "checksum_sha256"
        case thumbnailURL = "thumbnail_url"
        case renditions, warnings, fetch, error, downloads, groups, poster, replacement
        case isFeatured = "is_featured"
    }

    /// In the order of the names, in which they are written.
    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(video.byteCount, forKey: .byteCount)
        try body.encode(video.category, forKey: .category)
        try body.encode(video.chapters, forKey: .chapters)
        try body.encodeIfPresent(showsFile && !video.checksum.isEmpty ? video.checksum : nil, forKey: .checksum)
        try body.encode(video.createdAt, forKey: .createdAt)
        try body.encode(video.owner, forKey: .createdBy)
        try body.encode(video.description, forKey: .description)
        try body.encodeIfPresent(descriptionHTML, forKey: .descriptionHTML)
        try body.encode(video.downloads, forKey: .downloads)
        try body.encode(video.duration, forKey: .duration)
        try body.encode(video.failure.map { Failure($0, withDetail: showsFailureDetail) }, forKey: .error)
        try body.encodeIfPresent(showsFile ? video.fetch : nil, forKey: .fetch)
        try body.encodeIfPresent(showsFile ? video.fileName : nil, forKey: .fileName)
        try body.encodeIfPresent(showsFile ? video.groups : nil, forKey: .groups)
        try body.encode(video.passwordHash != nil, forKey: .hasPassword)
        try body.encode(video.height, forKey: .height)
        try body.encode(video.id, forKey: .id)
        try body.encodeIfPresent(isFavorite, forKey: .isFavorite)
        try body.encode(video.isFeatured, forKey: .isFeatured)
        try body.encode(video.isHidden, forKey: .isHidden)
        try body.encode(video.isPremium, forKey: .isPremium)
        try body.encode(video.kind, forKey: .kind)
        try body.encode(video.language?.text, forKey: .language)
        try body.encode(video.people, forKey: .people)
        try body.encode(video.poster.map(Poster.init), forKey: .poster)
        try body.encode(video.progress, forKey: .progress)
        try body.encode(video.readyAt, forKey: .readyAt)
        try body.encode(video.recordedOn?.description, forKey: .recordedOn)
        try body.encode(video.renditions, forKey: .renditions)
        try body.encodeIfPresent(
            showsFile ? video.replacement.map { ReplacementBody($0, withDetail: showsFailureDetail) } : nil,
            forKey: .replacement)
        try body.encode(video.status, forKey: .status)
        try body.encode(video.tags, forKey: .tags)
        try body.encode(thumbnailURL, forKey: .thumbnailURL)
        try body.encode(video.title, forKey: .title)
        try body.encode(video.updatedAt, forKey: .updatedAt)
        try body.encode(video.viewCount, forKey: .viewCount)
        // What is missing is told to those who can do something about it.
        try body.encodeIfPresent(showsFile ? video.warnings.map(Warning.init) : nil, forKey: .warnings)
        try body.encode(video.width, forKey: .width)
    }

    private var thumbnailURL: String? {
        video.trashedAt == nil ? video.coverAddress(below: "/api/v1/videos/\(video.id)") : nil
    }

    struct Poster: Encodable, Sendable {
        var kind: String
        var time: Double?

        init(_ poster: Video.Poster) {
            kind = poster.time == nil ? "upload" : "frame"
            time = poster.time
        }

        func encode(to encoder: any Encoder) throws {
            var body = encoder.container(keyedBy: CodingKeys.self)
            try body.encode(kind, forKey: .kind)
            try body.encode(time, forKey: .time)
        }

        enum CodingKeys: String, CodingKey {
            case kind, time
        }
    }

    /// What is to replace the file, for those who may change the video.
    struct ReplacementBody: Encodable, Sendable {
        let replacement: Video.Replacement
        let error: Failure?

        init(_ replacement: Video.Replacement, withDetail: Bool) {
            self.replacement = replacement
            error = replacement.code.map {
                Failure(EncodingProgress.Failure(code: $0, detail: replacement.detail ?? ""), withDetail: withDetail)
            }
        }

        enum CodingKeys: String, CodingKey {
            case state, progress, error
            case fileName = "file_name"
            case byteCount = "byte_count"
        }

        func encode(to encoder: any Encoder) throws {
            var body = encoder.container(keyedBy: CodingKeys.self)
            try body.encode(replacement.state, forKey: .state)
            try body.encode(replacement.progress, forKey: .progress)
            try body.encode(replacement.fileName, forKey: .fileName)
            try body.encode(replacement.byteCount, forKey: .byteCount)
            try body.encode(error, forKey: .error)
        }
    }

    struct Warning: Encodable, Sendable {
        let warning: MediaWarning

        init(_ warning: MediaWarning) {
            self.warning = warning
        }

        enum CodingKeys: String, CodingKey {
            case code, detail
        }

        func encode(to encoder: any Encoder) throws {
            var body = encoder.container(keyedBy: CodingKeys.self)
            try body.encode(warning.code, forKey: .code)
            try body.encode(warning.detail, forKey: .detail)
        }
    }

    struct Failure: Encodable, Sendable {
        var code: String
        var detail: String?

        init(_ failure: EncodingProgress.Failure, withDetail: Bool) {
            code = failure.code
            detail = withDetail ? failure.detail : nil
        }
    }
}

/// A page as clients see it.
struct VideoListBody: Encodable, Sendable {
    var data: [VideoBody]
    var nextCursor: String?

    init(_ page: VideoPage, for viewer: Viewer) {
        data = page.videos.map { VideoBody($0, for: viewer, isWhole: false) }
        nextCursor = page.next?.text
    }

    enum CodingKeys: String, CodingKey {
        case data
        case nextCursor = "next_cursor"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(data, forKey: .data)
        try body.encode(nextCursor, forKey: .nextCursor)
    }
}
