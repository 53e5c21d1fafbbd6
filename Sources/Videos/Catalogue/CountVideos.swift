import SQL

/// What those want to know who watch over the server.
public struct CountVideos: Sendable {
    let database: Database

    /// How many videos there are of each status; those in the trash count as `trashed`.
    public func byStatus() async throws -> [String: Int] {
        try await database.read { access in
            try access.query(
                """
                SELECT CASE WHEN trashed_at IS NULL THEN status ELSE 'trashed' END AS status, COUNT(*) AS count
                FROM videos GROUP BY 1
                """
            ).reduce(into: [:]) {
                $0[try $1.value("status", as: String.self)] = try $1.value("count", as: Int.self)
            }
        }
    }

    /// Uploads that are not finished.
    public func unfinishedUploads() async throws -> UnfinishedUploads {
        try await database.read { try UploadStore().unfinishedTotal(in: $0) }
    }
}
