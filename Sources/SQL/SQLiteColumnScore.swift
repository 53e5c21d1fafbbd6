import CSQLite

/// `column_score(table, w1, w2, …)` for full-text tables: of each phrase of the query that a row has, the greatest weight among the
/// columns that have it; the sum of these. Two more arguments are numbers of phrases, from 0: those before the first number count for
/// nothing, and those from the second one on as one.
///
/// SQLite's own `bm25` counts how many rows have a phrase. So it changes when another row does, which a cursor cannot follow, and it
/// tells something about rows that the reader may not see. This score depends on the row and on nothing else, and is a whole number.
enum SQLiteColumnScore {
    /// Makes the function known to a connection (sqlite.org/fts5.html, 7).
    static func register(on database: OpaquePointer) throws(SQLError) {
        let sql = "SELECT fts5(?1)"
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK else {
            throw SQLError(.cannotOpen, "this SQLite has no full-text search (FTS5)")
        }
        var api: UnsafeMutablePointer<fts5_api>?
        let status = withUnsafeMutablePointer(to: &api) { place in
            // SQLite compares the name when the statement runs, so it must live until then.
            "fts5_api_ptr".withCString { name in
                sqlite3_bind_pointer(statement, 1, place, name, nil)
                return sqlite3_step(statement)
            }
        }
        guard status == SQLITE_ROW, let api, let create = api.pointee.xCreateFunction,
            create(api, "column_score", nil, Self.score, nil) == SQLITE_OK
        else { throw SQLError(database, statement: sql) }
    }

    private static let score: fts5_extension_function = { api, row, result, count, values in
        var total: Int64 = 0
        if let api = api?.pointee, let phraseCount = api.xPhraseCount, let first = api.xPhraseFirstColumn,
            let next = api.xPhraseNextColumn
        {
            let columnCount = api.xColumnCount?(row) ?? count
            func number(_ place: Int32) -> Int64? {
                count > columnCount + place ? sqlite3_value_int64(values?[Int(columnCount + place)]) : nil
            }
            let (start, alone) = (number(0) ?? 0, number(1) ?? .max)
            var together: Int64 = 0
            for phrase in 0..<phraseCount(row) where phrase >= start {
                var (place, column, best): (Fts5PhraseIter, Int32, Int64) = (Fts5PhraseIter(), -1, 0)
                guard first(row, phrase, &place, &column) == SQLITE_OK else { continue }
                while column >= 0 {
                    if column < min(count, columnCount) {
                        best = max(best, sqlite3_value_int64(values?[Int(column)]))
                    }
                    next(row, &place, &column)
                }
                if phrase < alone { total = total &+ best } else { together = max(together, best) }
            }
            total = total &+ together
        }
        sqlite3_result_int64(result, total)
    }
}
