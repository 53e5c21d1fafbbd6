import SQL

/// Finds what is like a video: with the same people, of the same category, with the same tags.
struct RelatedVideos: Sendable {
    static let most = 12
    /// Of those that share people, and of those that share something else, so many are looked at.
    private static let mostLooked = 60
    /// What one shared name counts: who is in a video says more than where it is filed.
    private static let weights = (person: 3, category: 2, tag: 1)

    let database: Database
    let find: FindVideo
    private let store = VideoStore()

    init(database: Database, find: FindVideo) {
        self.database = database
        self.find = find
    }

    /// Ready videos that the viewer may see, the most alike first and of these the newest.
    ///
    /// - Throws: `VideoError` where the viewer may not see the video itself.
    func callAsFunction(_ id: VideoID, for viewer: Viewer) async throws -> [Video] {
        let video = try await find(id, for: viewer, through: .details)
        return try await database.scan { access in
            var shared: [VideoID: Int] = [:]  // bound: three times mostLooked
            func count(_ names: [String], _ weight: Int, _ source: String, _ column: String) throws {
                guard !names.isEmpty else { return }
                for (found, number) in try alike(video, names, source, column, for: viewer, in: access) {
                    shared[found, default: 0] += number * weight
                }
            }
            try count(video.people, Self.weights.person, Self.joined("video_people"), "video_people.name")
            try count(video.tags, Self.weights.tag, Self.joined("video_tags"), "video_tags.name")
            try count(video.category.map { [$0] } ?? [], Self.weights.category, "videos", "videos.category")
            // Ids begin with the time at which they were made.
            let best = shared.sorted { ($1.value, $1.key) < ($0.value, $0.key) }.prefix(Self.most).map(\.key)
            return try store.find(best, in: access)
        }
    }

    private static func joined(_ table: String) -> String {
        "\(table) JOIN videos ON videos.id = \(table).video_id"
    }

    /// Videos that share at least one of the names, and how many each.
    private func alike(
        _ video: Video, _ names: [String], _ source: String, _ column: String, for viewer: Viewer,
        in access: ReadAccess
    ) throws -> [(VideoID, Int)] {
        var conditions = SQLConditions()
        VideoAccess.condition(for: viewer, in: &conditions)
        conditions.require(column, isOneOf: names)
        conditions.require("videos.id <> \(conditions.bind(video.id))")
        conditions.require("videos.status = \(conditions.bind(Video.Status.ready.rawValue))")
        return try access.query(
            """
            SELECT videos.id AS id, COUNT(*) AS shared FROM \(source) \(conditions.whereClause)
            GROUP BY videos.id ORDER BY shared DESC, videos.id DESC LIMIT \(conditions.bind(Self.mostLooked))
            """, arguments: conditions.arguments
        ).map { (try $0.value("id"), try $0.value("shared")) }
    }
}
