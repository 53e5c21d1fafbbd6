import Accounts
import BaseEncoding
import FoundationEssentials
import Media
import SQL

/// Which videos a list shows, newest first, and where it goes on.
public struct VideoQuery: Sendable, Equatable {
    /// The place after the last video of a page.
    public struct Cursor: Sendable, Equatable {
        var microseconds: Int64
        var id: VideoID

        init(after video: Video) {
            microseconds = Int64((video.createdAt.timeIntervalSince1970 * 1_000_000).rounded())
            id = video.id
        }

        init?(text: String) {
            guard let bytes = Base64.url.decode(text) else { return nil }
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let time = Int64(parts[0]), let id = VideoID(String(parts[1])) else { return nil }
            microseconds = time
            self.id = id
        }

        var text: String { Base64.url.encode("\(microseconds):\(id)".utf8) }
    }

    public static let defaultLimit = 20
    public static let maximumLimit = 100

    public var limit = VideoQuery.defaultLimit
    public var cursor: Cursor?
    public var status: Video.Status?
    public var category: String?
    public var tag: String?
    public var person: String?
    public var language: LanguageTag?
    public var uploader: UserID?
    public var isPremium: Bool?
    public var isHidden: Bool?
    public var isFeatured: Bool?
    /// Words looked for in title and description.
    public var words: String?

    public init() {}

    /// Reads the parameters of a list's URL.
    ///
    /// - Throws: `VideoDetails.Invalid` naming each parameter that cannot be read.
    public init(parameter: (String) -> String?) throws {
        var check = FieldCheck()
        func present(_ name: String) -> String? { parameter(name).flatMap { $0.isEmpty ? nil : $0 } }
        func read<T>(_ name: String, _ code: String, _ detail: String, _ parse: (String) -> T?) -> T? {
            guard let text = present(name) else { return nil }
            let value = parse(text)
            if value == nil { check.refuse(name, code, detail) }
            return value
        }
        limit =
            read("limit", "invalid_limit", "A number from 1 to \(Self.maximumLimit).") {
                Int($0).flatMap { (1...Self.maximumLimit).contains($0) ? $0 : nil }
            } ?? Self.defaultLimit
        cursor = read("cursor", "invalid_cursor", "Use the next_cursor of the page before.", Cursor.init(text:))
        status = read("status", "invalid_status", "pending, processing, ready or failed.", Video.Status.init(rawValue:))
        category = present("category")
        tag = present("tag")
        person = present("person")
        language = read("language", "invalid_language", Self.languageDetail) { LanguageTag($0) }
        uploader = read("uploader", "invalid_id", "The id of a user.") { UserID($0) }
        isPremium = read("premium", "not_a_boolean", "true or false.", Self.flag)
        isHidden = read("hidden", "not_a_boolean", "true or false.", Self.flag)
        isFeatured = read("featured", "not_a_boolean", "true or false.", Self.flag)
        words = present("q")
        try check.finish()
    }

    static let languageDetail = "A language tag such as en, es-419 or ru."

    static func flag(_ text: String) -> Bool? {
        switch text {
        case "true", "1": true
        case "false", "0": false
        default: nil
        }
    }
}

/// One page of a list.
public struct VideoPage: Sendable {
    public var videos: [Video]
    public var next: VideoQuery.Cursor?
}

extension VideoStore {
    /// What this viewer may see of the catalogue, one row more than asked for telling whether more follows.
    func list(_ query: VideoQuery, for viewer: Viewer, in access: ReadAccess) throws -> VideoPage {
        var conditions = SQLConditions()
        VideoAccess.condition(for: viewer, in: &conditions)
        let order = Self.add(query, to: &conditions)
        let limit = conditions.bind(query.limit + 1)
        let rows = try access.query(
            """
            SELECT \(Self.columns) FROM \(order.source) \(conditions.whereClause)
            ORDER BY \(order.time) DESC, \(order.id) DESC LIMIT \(limit)
            """, arguments: conditions.arguments)
        let videos = try videos(Array(rows.prefix(query.limit)), in: access)
        let next = rows.count > query.limit ? videos.last.map(VideoQuery.Cursor.init(after:)) : nil
        return VideoPage(videos: videos, next: next)
    }

    /// Where rows come from, and the columns by which they are sorted: of one index, so that a page costs the same wherever it is.
    private struct Order {
        var (source, time, id) = ("videos", "videos.created_at", "videos.id")

        init() {}

        /// Videos that have a name, in the order of the names' index.
        init(named table: String) {
            source = "\(table) JOIN videos ON videos.id = \(table).video_id"
            (time, id) = ("\(table).video_created_at", "\(table).video_id")
        }
    }

    /// - Returns: the order in which rows come.
    private static func add(_ query: VideoQuery, to conditions: inout SQLConditions) -> Order {
        var order: Order?
        func equal(_ column: String, _ value: (any SQLConvertible)?) {
            guard let value else { return }
            let parameter = conditions.bind(value)
            conditions.require("videos.\(column) = \(parameter)")
        }
        func named(_ table: String, _ name: String?) {
            guard let name else { return }
            let parameter = conditions.bind(name)
            if order == nil {
                order = Order(named: table)
                conditions.require("\(table).name = \(parameter)")
            } else {
                conditions.require("videos.id IN (SELECT video_id FROM \(table) WHERE name = \(parameter))")
            }
        }
        equal("status", query.status?.rawValue)
        equal("category", query.category)
        equal("language", query.language?.text)
        equal("owner_id", query.uploader)
        equal("is_premium", query.isPremium)
        equal("is_hidden", query.isHidden)
        // A constant, so that the index of these alone is used.
        if let isFeatured = query.isFeatured { conditions.require("videos.is_featured = \(isFeatured ? 1 : 0)") }
        named("video_tags", query.tag)
        named("video_people", query.person)
        for word in (query.words ?? "").split(separator: " ").prefix(8) {
            let parameter = conditions.bind("%\(likePattern(word))%")
            conditions.require(
                """
                (LOWER(videos.title) LIKE \(parameter) ESCAPE '!' OR LOWER(videos.description) LIKE \(parameter) ESCAPE '!')
                """)
        }
        let found = order ?? Order()
        if let cursor = query.cursor {
            let (time, id) = (conditions.bind(cursor.microseconds), conditions.bind(cursor.id))
            conditions.require("(\(found.time), \(found.id)) < (\(time), \(id))")
        }
        return found
    }

    /// In small letters as `LOWER` makes them, which knows ASCII's only.
    private static func likePattern(_ word: Substring) -> String {
        let small = word.map { $0.isASCII ? Character($0.lowercased()) : $0 }
        return String(small.flatMap { "!%_".contains($0) ? ["!", $0] : [$0] })
    }
}

/// Shows what a viewer may see of the catalogue.
struct ListVideos: Sendable {
    let database: Database
    private let store = VideoStore()

    func callAsFunction(_ query: VideoQuery, for viewer: Viewer) async throws -> VideoPage {
        try await database.scan { try store.list(query, for: viewer, in: $0) }
    }
}
