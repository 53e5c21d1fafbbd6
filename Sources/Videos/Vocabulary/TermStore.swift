import FoundationEssentials
import SQL

/// The rows of the vocabulary. Videos have names, not ids: what a term is called is what stands at each of them.
struct TermStore: Sendable {
    private static let columns = "terms.id, terms.kind, terms.name, terms.role, terms.is_listed, terms.created_at"

    // MARK: Reading

    func find(_ id: TermID, _ kind: Term.Kind, in access: ReadAccess) throws -> Term? {
        try access.first(
            "SELECT \(Self.columns), 0 AS video_count FROM terms WHERE id = $1 AND kind = $2", id, kind.rawValue
        ).map(Term.init(row:))
    }

    func find(named name: String, _ kind: Term.Kind, in access: ReadAccess) throws -> TermID? {
        try access.first("SELECT id FROM terms WHERE kind = $1 AND name = $2", kind.rawValue, name)?.value("id")
    }

    /// By name, one more than asked for telling whether more follow.
    ///
    /// - Parameters:
    ///   - name: after which the page begins.
    ///   - role: of people.
    ///   - only: the one name that is asked for.
    func list(
        _ kind: Term.Kind, for viewer: Viewer, role: String?, only: String? = nil, after name: String?, limit: Int,
        in access: ReadAccess
    ) throws -> [Term] {
        var visible = SQLConditions()
        VideoAccess.condition(for: viewer, in: &visible)
        let policy = visible.clauses.map { " AND " + $0 }.joined()
        let having = Self.videos(having: kind)
        var clauses = ["terms.kind = \(visible.bind(kind.rawValue))"]
        clauses.append("(terms.is_listed = 1 OR EXISTS (SELECT 1 \(having)\(policy)))")
        if let role { clauses.append("terms.role = \(visible.bind(role))") }
        if let only { clauses.append("terms.name = \(visible.bind(only))") }
        if let name { clauses.append("terms.name > \(visible.bind(name))") }
        return try access.query(
            """
            SELECT \(Self.columns), (SELECT COUNT(*) \(having)\(policy)) AS video_count FROM terms
            WHERE \(clauses.joined(separator: " AND ")) ORDER BY terms.name LIMIT \(visible.bind(limit + 1))
            """, arguments: visible.arguments
        ).map(Term.init(row:))
    }

    /// The videos that have the name of the row of `terms` around them.
    private static func videos(having kind: Term.Kind) -> String {
        switch kind {
        case .category: "FROM videos WHERE videos.category = terms.name"
        case .person:
            """
            FROM video_people JOIN videos ON videos.id = video_people.video_id WHERE video_people.name = terms.name
            """
        }
    }

    /// By name, one more than asked for telling whether more follow.
    func tags(for viewer: Viewer, after name: String?, limit: Int, in access: ReadAccess) throws -> [TagCount] {
        var conditions = SQLConditions()
        VideoAccess.condition(for: viewer, in: &conditions)
        if let name { conditions.require("video_tags.name > \(conditions.bind(name))") }
        return try access.query(
            """
            SELECT video_tags.name AS name, COUNT(*) AS video_count FROM video_tags
            JOIN videos ON videos.id = video_tags.video_id \(conditions.whereClause)
            GROUP BY video_tags.name ORDER BY video_tags.name LIMIT \(conditions.bind(limit + 1))
            """, arguments: conditions.arguments
        ).map { TagCount(name: try $0.value("name"), videoCount: try $0.value("video_count")) }
    }

    /// How many videos have this name, without those in the trash: as an administrator sees them.
    func videoCount(of name: String, _ kind: Term.Kind, in access: ReadAccess) throws -> Int {
        let named =
            switch kind {
            case .category: "videos.category = $1"
            case .person: "videos.id IN (SELECT video_id FROM video_people WHERE name = $1)"
            }
        let row = try access.first(
            "SELECT COUNT(*) AS count FROM videos WHERE videos.trashed_at IS NULL AND \(named)", name)
        return try row?.value("count") ?? 0
    }

    // MARK: Writing

    func insert(_ term: Term, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO terms (id, kind, name, role, is_listed, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            term.id, term.kind.rawValue, term.name, term.role, term.isListed, term.createdAt)
    }

    /// Takes in the names that a video brings.
    func learn(_ names: [String], _ kind: Term.Kind, at time: Date, in transaction: Transaction) throws {
        for name in names {
            try transaction.execute(
                """
                INSERT INTO terms (id, kind, name, is_listed, created_at) VALUES ($1, $2, $3, 0, $4)
                ON CONFLICT (kind, name) DO NOTHING
                """, TermID(), kind.rawValue, name, time)
        }
    }

    func update(_ term: Term, in transaction: Transaction) throws {
        try transaction.execute("UPDATE terms SET name = $2, role = $3 WHERE id = $1", term.id, term.name, term.role)
    }

    /// The videos that have this name are to be indexed anew (`IndexVideos`): there may be too many for this transaction.
    private func letIndexAnew(_ kind: Term.Kind, _ name: String, in transaction: Transaction) throws {
        let having =
            switch kind {
            case .category: "SELECT id FROM videos WHERE category = $1"
            case .person: "SELECT video_id FROM video_people WHERE name = $1"
            }
        try transaction.execute("UPDATE search_documents SET version = 0 WHERE video_id IN (\(having))", name)
    }

    /// Videos that have one name have the other from now on.
    func rename(_ kind: Term.Kind, from old: String, to new: String, in transaction: Transaction) throws {
        try letIndexAnew(kind, old, in: transaction)
        switch kind {
        case .category: try transaction.execute("UPDATE videos SET category = $2 WHERE category = $1", old, new)
        case .person:
            // Who stands there by both names stands there once.
            try transaction.execute(
                """
                DELETE FROM video_people WHERE name = $1
                    AND video_id IN (SELECT video_id FROM video_people WHERE name = $2)
                """, old, new)
            try transaction.execute("UPDATE video_people SET name = $2 WHERE name = $1", old, new)
        }
    }

    func remove(_ term: Term, in transaction: Transaction) throws {
        try letIndexAnew(term.kind, term.name, in: transaction)
        switch term.kind {
        case .category:
            try transaction.execute("UPDATE videos SET category = NULL WHERE category = $1", term.name)
        case .person: try transaction.execute("DELETE FROM video_people WHERE name = $1", term.name)
        }
        try transaction.execute("DELETE FROM terms WHERE id = $1", term.id)
    }
}

extension Term {
    init(row: Row) throws {
        let kind: String = try row.value("kind")
        self.init(
            id: try row.value("id"), kind: Kind(rawValue: kind) ?? .category, name: try row.value("name"),
            role: try row.value("role"), isListed: try row.value("is_listed"), createdAt: try row.value("created_at"),
            videoCount: try row.value("video_count"))
    }
}
