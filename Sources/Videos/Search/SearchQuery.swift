import Accounts
import BaseEncoding
import FoundationEssentials
import HTTP
import Media
import SQL
import Web

/// What somebody searches for: words, filters that must all hold, an order and a page.
public struct SearchQuery: Sendable, Equatable {
    /// What stands first.
    public enum Sort: String, Sendable, CaseIterable {
        /// What fits best; without words the newest.
        case relevance
        case newest, oldest, longest, shortest
        case mostViewed = "most_viewed"
        case title
    }

    /// The place behind the last video of a page: what it is sorted by, and its id where several have the same.
    public struct Cursor: Sendable, Equatable {
        var sort: Sort
        var key: SQLValue
        var id: VideoID
    }

    /// Characters of `q` that are read.
    static let longestText = 400
    /// Values of a filter that may be given several times.
    static let mostValues = 10

    public var text = ""
    public var sort = Sort.relevance
    public var limit = VideoQuery.defaultLimit
    public var cursor: Cursor?
    public var category: String?
    public var tags: [String] = []
    public var people: [String] = []
    public var language: LanguageTag?
    public var uploader: UserID?
    public var status: Video.Status?
    public var isPremium: Bool?
    /// In seconds.
    public var shortest: Double?
    public var longest: Double?
    public var from: Date?
    /// The first moment that is too late.
    public var until: Date?

    public init() {}

    /// - Throws: `VideoDetails.Invalid` naming each parameter that cannot be read.
    public init(_ parameters: QueryParameters) throws {
        var check = FieldCheck()
        func present(_ name: String) -> String? { parameters[name].flatMap { $0.isEmpty ? nil : $0 } }
        func read<T>(_ name: String, _ code: String, _ detail: String, _ parse: (String) -> T?) -> T? {
            guard let text = present(name) else { return nil }
            let value = parse(text)
            if value == nil { check.refuse(name, code, detail) }
            return value
        }
        func several(_ name: String) -> [String] {
            let values = parameters.values(of: name).filter { !$0.isEmpty }
            if values.count > Self.mostValues { check.refuse(name, "too_many", "At most \(Self.mostValues).") }
            return Array(values.prefix(Self.mostValues))
        }
        text = present("q") ?? ""
        if text.unicodeScalars.count > Self.longestText {
            check.refuse("q", "too_long", "At most \(Self.longestText) characters.")
        }
        sort =
            read(
                "sort", "invalid_sort", "relevance, newest, oldest, longest, shortest, most_viewed or title.",
                Sort.init(rawValue:)) ?? .relevance
        limit =
            read("limit", "invalid_limit", "A number from 1 to \(VideoQuery.maximumLimit).") {
                Int($0).flatMap { (1...VideoQuery.maximumLimit).contains($0) ? $0 : nil }
            } ?? VideoQuery.defaultLimit
        let effective = effectiveSort
        cursor = read("cursor", "invalid_cursor", "Use the next_cursor of the page before, with the same sort.") {
            Cursor(text: $0).flatMap { $0.sort == effective ? $0 : nil }
        }
        category = present("category")
        (tags, people) = (several("tag"), several("person"))
        language = read("language", "invalid_language", VideoQuery.languageDetail) { LanguageTag($0) }
        uploader = read("uploader", "invalid_id", "The id of a user.") { UserID($0) }
        status = read("status", "invalid_status", "pending, processing, ready or failed.", Video.Status.init(rawValue:))
        isPremium = read("premium", "not_a_boolean", "true or false.") { VideoQuery.flag($0) }
        shortest = read("min_duration", "invalid_duration", "Seconds, 0 or more.", Self.seconds)
        longest = read("max_duration", "invalid_duration", "Seconds, 0 or more.", Self.seconds)
        from = read("from", "invalid_date", Self.dateDetail) { Self.date($0, endOfDay: false) }
        until = read("to", "invalid_date", Self.dateDetail) { Self.date($0, endOfDay: true) }
        try check.finish()
    }

    /// Without words nothing fits better than anything else.
    var effectiveSort: Sort { sort == .relevance && SearchWords(text).folded.isEmpty ? .newest : sort }

    private static let dateDetail = "A day like 2026-05-31 or a time like 2026-05-31T12:00:00Z."

    private static func seconds(_ text: String) -> Double? {
        Double(text).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }

    /// A day ends with its last moment, in UTC, so that `to=2026-05-31` has the videos of that day.
    private static func date(_ text: String, endOfDay: Bool) -> Date? {
        if text.utf8.count == 10 {
            let start = InternetTime(parsing: text + "T00:00:00Z")?.date
            return start.map { endOfDay ? $0.addingTimeInterval(86_400) : $0 }
        }
        let time = InternetTime(parsing: text)?.date
        return time.map { endOfDay ? $0.addingTimeInterval(0.000_001) : $0 }
    }
}

extension SearchQuery.Cursor {
    /// `sort`, id, then what it is sorted by, which may hold any character.
    init?(text: String) {
        guard let bytes = Base64.url.decode(text) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(
            separator: " ", maxSplits: 2, omittingEmptySubsequences: false
        ).map(String.init)
        guard parts.count == 3, let sort = SearchQuery.Sort(rawValue: parts[0]), let id = VideoID(parts[1]),
            let key = sort.key(parts[2])
        else { return nil }
        self.init(sort: sort, key: key, id: id)
    }

    var text: String {
        let key =
            switch key {
            case .integer(let value): "\(value)"
            case .real(let value): "\(value)"
            case .text(let value): value
            case .null, .blob: ""
            }
        return Base64.url.encode("\(sort.rawValue) \(id) \(key)".utf8)
    }
}

extension SearchQuery.Sort {
    fileprivate func key(_ text: String) -> SQLValue? {
        switch self {
        case .relevance, .newest, .oldest, .mostViewed: Int64(text).map { .integer($0) }
        case .longest, .shortest: Double(text).flatMap { $0.isFinite ? .real($0) : nil }
        case .title: text.utf8.contains(0) ? nil : .text(text)
        }
    }

    var isAge: Bool { self == .newest || self == .oldest }

    var isAscending: Bool { [.oldest, .shortest, .title].contains(self) }
}
