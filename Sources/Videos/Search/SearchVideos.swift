import SQL

/// What a search shows: a page of videos, and on the first page how many there are of each kind.
struct FoundVideos: Sendable {
    var videos: [Video]
    /// Of each video, where the words were found.
    var highlights: [[Highlight]]
    var next: SearchQuery.Cursor?
    /// Nil on later pages: they have the same.
    var counts: FoundCounts?
}

/// Searches the catalogue for a viewer.
struct SearchVideos: Sendable {
    let database: Database
    private let store = VideoStore()

    func callAsFunction(_ query: SearchQuery, for viewer: Viewer) async throws -> FoundVideos {
        try await database.scan { access in
            let words = SearchWords(query.text)
            var expression: SearchExpression?
            if !words.folded.isEmpty {
                expression = try InterpretQuery(for: viewer, in: access)(words)
                guard expression != nil else {
                    return FoundVideos(videos: [], highlights: [], next: nil, counts: FoundCounts())
                }
            }
            let selection = SearchSelection(query, expression, for: viewer, in: access)
            let (ids, next) = try selection.page(in: access)
            let videos = try store.find(ids, in: access)
            let highlights = try expression.map { try self.highlights(of: $0, in: videos, access) }
            return FoundVideos(
                videos: videos, highlights: highlights ?? videos.map { _ in [] }, next: next,
                counts: query.cursor == nil ? try selection.counts(in: access) : nil)
        }
    }

    private func highlights(
        of expression: SearchExpression, in videos: [Video], _ access: ReadAccess
    ) throws -> [[Highlight]] {
        var highlighter = Highlighter(expression)
        return try videos.map { try highlighter.highlights(of: $0, spoken: try store.spoken(in: $0, access)) }
    }
}

/// The statements of one search. All of them have the same conditions, among which is what the viewer may see.
struct SearchSelection {
    /// Of what fits best so many are ranked, those that were uploaded last: of a word that is nearly everywhere no video is better than
    /// another one. All other orders go on to the last video.
    static let mostRanked = 5_000

    private let query: SearchQuery
    private let expression: SearchExpression?
    private let index: any SearchIndex
    private var conditions = SQLConditions()

    init(_ query: SearchQuery, _ expression: SearchExpression?, for viewer: Viewer, in access: ReadAccess) {
        (self.query, self.expression, index) = (query, expression, access.searchIndex)
        if let expression { index.require(expression, in: &conditions) }
        VideoAccess.condition(for: viewer, in: &conditions)
        addFilters()
    }

    private var source: String {
        if expression != nil { return index.source }
        return query.effectiveSort == .title
            ? "search_documents JOIN videos ON videos.id = search_documents.video_id" : "videos"
    }

    private mutating func addFilters() {
        func compare(_ column: String, _ sign: String, _ value: (any SQLConvertible)?) {
            guard let value else { return }
            let parameter = conditions.bind(value)
            conditions.require("videos.\(column) \(sign) \(parameter)")
        }
        func named(_ table: String, _ names: [String]) {
            for name in names {
                let parameter = conditions.bind(name)
                conditions.require(
                    "EXISTS (SELECT 1 FROM \(table) AS named WHERE named.video_id = videos.id AND named.name = \(parameter))"
                )
            }
        }
        compare("category", "=", query.category)
        compare("owner_id", "=", query.uploader)
        compare("status", "=", query.status?.rawValue)
        compare("is_premium", "=", query.isPremium)
        compare("duration", ">=", query.shortest)
        compare("duration", "<=", query.longest)
        compare("created_at", ">=", query.from)
        compare("created_at", "<", query.until)
        named("video_tags", query.tags)
        named("video_people", query.people)
    }

    /// The ids of a page in order, one row more than asked for telling whether more follows.
    func page(in access: ReadAccess) throws -> (ids: [VideoID], next: SearchQuery.Cursor?) {
        let sort = query.effectiveSort
        var conditions = conditions
        let key = key(of: sort, in: &conditions)
        var after = ""
        if let cursor = query.cursor {
            let (value, id) = (conditions.bind(cursor.key), conditions.bind(cursor.id))
            after = "WHERE (sort_key, id) \(sort.isAscending ? ">" : "<") (\(value), \(id))"
        }
        let ranked = sort == .relevance ? "\(index.newestFirst) LIMIT \(Self.mostRanked)" : ""
        let (direction, limit) = (sort.isAscending ? "ASC" : "DESC", conditions.bind(query.limit + 1))
        let rows = try access.query(
            """
            SELECT id, sort_key FROM (SELECT videos.id AS id, \(key) AS sort_key FROM \(source) \
            \(conditions.whereClause) \(ranked)) AS found \(after) ORDER BY sort_key \(direction), id \(direction) LIMIT \(limit)
            """, arguments: conditions.arguments)
        let page = rows.prefix(query.limit)
        let ids: [VideoID] = try page.map { try $0.value("id") }
        guard rows.count > query.limit, let last = page.last, let id = ids.last, let value = last["sort_key"] else {
            return (ids, nil)
        }
        return (ids, SearchQuery.Cursor(sort: sort, key: value, id: id))
    }

    private func key(of sort: SearchQuery.Sort, in conditions: inout SQLConditions) -> String {
        switch sort {
        case .relevance:
            guard let expression else { return "videos.created_at" }
            let score = index.score(expression, in: &conditions)
            // Of those that have the words in the same places, the one whose title says little else comes first.
            return """
                \(score) * 16 + CASE WHEN search_documents.title_length < 15 THEN 15 - search_documents.title_length \
                ELSE 0 END
                """
        case .newest, .oldest: return "videos.created_at"
        case .longest, .shortest: return "COALESCE(videos.duration, -1)"
        case .mostViewed: return "videos.view_count"
        case .title: return "search_documents.title_key"
        }
    }

    /// How many of what is found there are of each kind.
    func counts(in access: ReadAccess) throws -> FoundCounts {
        func facet(_ name: String, _ text: String) -> String {
            """
            SELECT '\(name)' AS facet, value, count FROM (\(text) GROUP BY value ORDER BY count DESC, value \
            LIMIT \(FoundCounts.mostValues)) AS \(name)_counts
            """
        }
        let names = [("tag", "video_tags"), ("person", "video_people")].map { name, table in
            facet(
                name, "SELECT \(table).name AS value, COUNT(*) AS count FROM found JOIN \(table) ON video_id = found.id"
            )
        }
        let columns = ["category", "status"].map { column in
            facet(
                column, "SELECT \(column) AS value, COUNT(*) AS count FROM found WHERE \(column) IS NOT NULL")
        }
        let rows = try access.query(
            """
            WITH found AS (SELECT videos.id AS id, videos.category AS category, videos.status AS status \
            FROM \(source) \(conditions.whereClause) LIMIT \(FoundCounts.mostVideos))
            SELECT 'total' AS facet, '' AS value, COUNT(*) AS count FROM found
            UNION ALL \((columns + names).joined(separator: "\nUNION ALL "))
            """, arguments: conditions.arguments)
        var counts = FoundCounts()
        for row in rows {
            let count = FoundCounts.Count(value: try row.value("value"), count: try row.value("count"))
            switch try row.value("facet", as: String.self) {
            case "category": counts.category.append(count)
            case "status": counts.status.append(count)
            case "tag": counts.tag.append(count)
            case "person": counts.person.append(count)
            default: (counts.total, counts.isExact) = (count.count, count.count < FoundCounts.mostVideos)
            }
        }
        return counts
    }
}

/// How many videos of a search have each value of a filter, the most frequent first.
struct FoundCounts: Sendable, Encodable, Equatable {
    struct Count: Sendable, Encodable, Equatable {
        var value: String
        var count: Int
    }

    /// Values of a filter that are counted.
    static let mostValues = 50
    /// So many videos are looked at: who finds more will not read them all.
    static let mostVideos = 5_000

    var total = 0
    /// Whether all that was found is counted.
    var isExact = true
    var category: [Count] = []
    var status: [Count] = []
    var tag: [Count] = []
    var person: [Count] = []
}
