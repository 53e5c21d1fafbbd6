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
    private let vocabulary = SearchVocabulary()

    func callAsFunction(_ query: SearchQuery, for viewer: Viewer) async throws -> FoundVideos {
        try await database.scan { access in
            var words = SearchWords(query.text)
            if words.mayContinue, let last = words.folded.last {
                words.beginning = try vocabulary.beginning(last, in: access)
            }
            var expression = words.folded.isEmpty ? nil : SearchExpression(words: words.alternatives)
            var selected = try SearchSelection(query, expression, for: viewer, in: access)(in: access)
            // What is found as it was typed needs no interpretation.
            if selected.ids.isEmpty, let literal = expression {
                expression = try InterpretQuery(for: viewer, in: access)(words)
                guard let meant = expression else {
                    return FoundVideos(videos: [], highlights: [], next: nil, counts: FoundCounts())
                }
                if meant != literal {
                    selected = try SearchSelection(query, meant, for: viewer, in: access)(in: access)
                }
            }
            let videos = try store.find(selected.ids, in: access)
            let highlights = try expression.map { try self.highlights(of: $0, in: videos, access) }
            return FoundVideos(
                videos: videos, highlights: highlights ?? videos.map { _ in [] }, next: selected.next,
                counts: selected.counts)
        }
    }

    private func highlights(
        of expression: SearchExpression, in videos: [Video], _ access: ReadAccess
    ) throws -> [[Highlight]] {
        var highlighter = Highlighter(expression)
        return try videos.map { try highlighter.highlights(of: $0, spoken: try store.spoken(in: $0, access)) }
    }
}

/// What of a search is on one page.
struct SelectedVideos {
    var ids: [VideoID] = []
    var next: SearchQuery.Cursor?
    /// On the first page.
    var counts: FoundCounts?
}

/// The statements of one search. All of them have the same conditions, among which is what the viewer may see.
struct SearchSelection {
    /// Of what fits best so many are ranked, those that were uploaded last: of a word that is nearly everywhere no video is better than
    /// another one. All other orders go on to the last video.
    static let mostRanked = 500

    private let query: SearchQuery
    private let expression: SearchExpression?
    private let index: any SearchIndex
    /// The columns by which what has the words is in the order of uploads.
    private let age: [String]
    private var conditions = SQLConditions()

    init(_ query: SearchQuery, _ expression: SearchExpression?, for viewer: Viewer, in access: ReadAccess) {
        var expression = expression
        let names = [query.category].compactMap(\.self) + query.tags + query.people
        expression?.names = Array(names.flatMap { FoldedText($0).words.map(\.folded) }.prefix(SearchWords.most))
        (self.query, self.expression, index) = (query, expression, access.searchIndex)
        age = query.category != nil || query.uploader != nil ? index.ageInCategory : index.age
        if let expression { index.require(expression, in: &conditions) }
        VideoAccess.condition(for: viewer, in: &conditions)
        addFilters()
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
        compare("language", "=", query.language?.text)
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

    func callAsFunction(in access: ReadAccess) throws -> SelectedVideos {
        let sort = query.effectiveSort
        // The newest are those that are counted.
        if sort == .relevance || (sort == .newest && expression != nil && query.cursor == nil) {
            return try best(in: access)
        }
        let rows = try expression != nil && sort.isAge ? inOrderOfAge(in: access) : inOrder(of: sort, in: access)
        var selected = try page(of: rows)
        if query.cursor == nil { selected.counts = try counts(in: access) }
        return selected
    }

    /// Rows in order, one more than asked for telling whether more follows.
    private func page(of rows: [Row]) throws -> SelectedVideos {
        let page = rows.prefix(query.limit)
        let ids: [VideoID] = try page.map { try $0.value("id") }
        guard rows.count > query.limit, let id = ids.last, let key = page.last?["sort_key"] else {
            return SelectedVideos(ids: ids)
        }
        return SelectedVideos(ids: ids, next: SearchQuery.Cursor(sort: query.effectiveSort, key: key, id: id))
    }

    /// The best of those that are ranked, or the newest, and on the first page what is counted: the words are looked for once.
    private func best(in access: ReadAccess) throws -> SelectedVideos {
        var conditions = conditions
        let key = query.effectiveSort == .newest ? age[0] : key(of: .relevance, in: &conditions)
        let facets = query.cursor == nil ? facets(in: &conditions) : (each: "''", all: "''")
        let after = after("(sort_key, id)", in: &conditions)
        let limit = conditions.bind(query.limit + 1)
        let rows = try access.query(
            """
            WITH found AS MATERIALIZED (SELECT videos.id AS id, \(key) AS sort_key, \(facets.each) AS facets \
            FROM \(index.source) \(conditions.whereClause) \(inOrderOfAge("DESC")) LIMIT \(Self.mostRanked))
            SELECT id, sort_key, '' AS facets, 0 AS count FROM (SELECT id, sort_key FROM found \(after) \
            ORDER BY sort_key DESC, id DESC LIMIT \(limit)) AS page
            UNION ALL SELECT '' AS id, 0 AS sort_key, \(facets.all) AS facets, COUNT(*) AS count FROM found
            ORDER BY sort_key DESC, id DESC
            """, arguments: conditions.arguments)
        let whole = rows.last { $0["id"] == .text("") }
        var selected = try page(of: rows.filter { $0["id"] != .text("") })
        if query.cursor == nil, let whole { selected.counts = try counts(of: whole) }
        return selected
    }

    /// What has the words, newest or oldest first: the index has that order, so no more is looked at than is shown.
    private func inOrderOfAge(in access: ReadAccess) throws -> [Row] {
        var conditions = conditions
        let columns = age.count == 1 ? age[0] : "(\(age.joined(separator: ", ")))"
        if let cursor = query.cursor {
            let values = [conditions.bind(cursor.key)] + (age.count == 1 ? [] : [conditions.bind(cursor.id)])
            let value = values.count == 1 ? values[0] : "(\(values.joined(separator: ", ")))"
            conditions.require("\(columns) \(query.effectiveSort.isAscending ? ">" : "<") \(value)")
        }
        let direction = query.effectiveSort.isAscending ? "ASC" : "DESC"
        let rows = try access.query(
            """
            SELECT videos.id AS id, \(age[0]) AS sort_key FROM \(index.source) \(conditions.whereClause) \
            \(inOrderOfAge(direction)) LIMIT \(max(index.fewestLooked, query.limit + 1))
            """, arguments: conditions.arguments)
        return Array(rows.prefix(query.limit + 1))
    }

    private func inOrderOfAge(_ direction: String) -> String {
        "ORDER BY \(age.map { "\($0) \(direction)" }.joined(separator: ", "))"
    }

    private func inOrder(of sort: SearchQuery.Sort, in access: ReadAccess) throws -> [Row] {
        var conditions = conditions
        let key = key(of: sort, in: &conditions)
        let after = after("(\(key), videos.id)", in: &conditions)
        let (direction, limit) = (sort.isAscending ? "ASC" : "DESC", conditions.bind(query.limit + 1))
        let documents = "search_documents JOIN videos ON videos.id = search_documents.video_id"
        let source = expression != nil ? index.source : sort == .title ? documents : "videos"
        let place = "\(conditions.whereClause) \(after)"
        let whole =
            conditions.clauses.isEmpty || after.isEmpty ? place : "\(conditions.whereClause) AND \(after.dropFirst(6))"
        return try access.query(
            """
            SELECT videos.id AS id, \(key) AS sort_key FROM \(source) \(whole) \
            ORDER BY \(key) \(direction), videos.id \(direction) LIMIT \(limit)
            """, arguments: conditions.arguments)
    }

    /// Behind the page before.
    private func after(_ columns: String, in conditions: inout SQLConditions) -> String {
        guard let cursor = query.cursor else { return "" }
        let (value, id) = (conditions.bind(cursor.key), conditions.bind(cursor.id))
        return "WHERE \(columns) \(query.effectiveSort.isAscending ? ">" : "<") (\(value), \(id))"
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

    /// What is counted of one video, and of all that are found.
    private func facets(in conditions: inout SQLConditions) -> (each: String, all: String) {
        let (status, video) = (conditions.bind(Facets.statusMark), conditions.bind(Facets.videosMark))
        return ("videos.status || \(status) || search_documents.facets", "\(index.joined)(facets, \(video))")
    }

    /// How many of what is found there are of each kind.
    private func counts(in access: ReadAccess) throws -> FoundCounts {
        var conditions = conditions
        let facets = facets(in: &conditions)
        let documents = "videos JOIN search_documents ON search_documents.video_id = videos.id"
        let newest = expression == nil ? "ORDER BY videos.created_at DESC, videos.id DESC" : inOrderOfAge("DESC")
        let row = try access.query(
            """
            SELECT \(facets.all) AS facets, COUNT(*) AS count FROM (SELECT \(facets.each) AS facets \
            FROM \(expression == nil ? documents : index.source) \(conditions.whereClause) \(newest) \
            LIMIT \(FoundCounts.mostVideos)) AS found
            """, arguments: conditions.arguments
        ).first
        return try row.map(counts) ?? FoundCounts()
    }

    private func counts(of row: Row) throws -> FoundCounts {
        Facets.count(try row.value("facets", as: String?.self) ?? "", of: try row.value("count"))
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
    static let mostVideos = 500

    var total = 0
    /// Whether all that was found is counted.
    var isExact = true
    var category: [Count] = []
    var status: [Count] = []
    var tag: [Count] = []
    var person: [Count] = []
    var language: [Count] = []
}
