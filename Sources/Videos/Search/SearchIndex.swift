import SQL

/// A full-text index of the catalogue. It has two implementations, one in the words of each database, and both find and rank the same:
/// the analysis of words is done here in Swift, and the score is a whole number that depends on the video and the query alone.
///
/// The index is written in the transaction that writes the video.
protocol SearchIndex {
    /// Takes the document in, in place of the one that the video had.
    func put(_ document: SearchDocument, in transaction: Transaction) throws
    func remove(_ id: VideoID, in transaction: Transaction) throws

    /// The tables to select from, so that `videos` has the rows that match.
    var source: String { get }
    /// The columns of `source` by which videos are in the order of uploads: a number, and what tells those apart that have the same.
    var age: [String] { get }
    /// The same for the videos of a category or of an uploader, for which another index has that order.
    var ageInCategory: [String] { get }
    /// So many matches in the order of uploads are asked for at least.
    var fewestLooked: Int { get }
    /// The function that puts texts together.
    var joined: String { get }
    /// The same for a statement that looks at a few matches only, or no order where that would cost something.
    var newestFirstIfCheap: String { get }
    /// Adds that rows of `source` match.
    func require(_ expression: SearchExpression, in conditions: inout SQLConditions)
    /// How well a row of `source` matches, as a whole number: of each phrase the weight of the best field that has it.
    func score(_ expression: SearchExpression, in conditions: inout SQLConditions) -> String
}

extension ReadAccess {
    /// The index of this database.
    var searchIndex: any SearchIndex {
        switch dialect {
        case .sqlite: FullTextTable()
        case .postgreSQL: TextVectors()
        }
    }
}

extension SearchIndex {
    /// Whether this viewer may see a video that matches. What nobody shows them has no influence on the answer.
    func hasMatch(_ expression: SearchExpression, for viewer: Viewer, in access: ReadAccess) throws -> Bool {
        try !matches(expression, for: viewer, limit: 1, in: access).isEmpty
    }

    /// Some videos that match and that this viewer may see, by their `id`.
    ///
    /// - Parameter columns: what else is told of them.
    func matches(
        _ expression: SearchExpression, for viewer: Viewer, showing columns: String = "videos.status AS status",
        limit: Int, in access: ReadAccess
    ) throws -> [Row] {
        var conditions = SQLConditions()
        require(expression, in: &conditions)
        VideoAccess.condition(for: viewer, in: &conditions)
        return try access.query(
            """
            SELECT videos.id AS id, \(columns) FROM \(source) \(conditions.whereClause) \(newestFirstIfCheap) LIMIT \(limit)
            """, arguments: conditions.arguments)
    }
}
