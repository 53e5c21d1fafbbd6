import Accounts
import SQL

/// What a person has in this room, when they go.
public struct VideosOfPerson: Sendable {
    let database: Database
    let remove: RemoveVideo
    let hold: HoldUpload
    let removeUpload: RemoveUpload
    private let store = VideoStore()
    private let uploads = UploadStore()

    init(database: Database, remove: RemoveVideo, hold: HoldUpload, removeUpload: RemoveUpload) {
        self.database = database
        self.remove = remove
        self.hold = hold
        self.removeUpload = removeUpload
    }

    public var belongings: PersonBelongings {
        PersonBelongings(
            count: { try count(of: $0, in: $1) }, handOver: { try handOver(from: $0, to: $1, in: $2) },
            remove: { try await remove(of: $0, withVideos: $1) })
    }

    private func count(of person: UserID, in access: ReadAccess) throws -> Belongings {
        let row = try access.first(
            """
            SELECT (SELECT COUNT(*) FROM videos WHERE owner_id = $1) AS videos, \
            (SELECT COUNT(*) FROM uploads WHERE owner_id = $1 AND state IN ('receiving', 'reserved')) AS uploads, \
            (SELECT COUNT(*) FROM watch_positions WHERE user_id = $1) AS positions, \
            (SELECT COUNT(*) FROM favorites WHERE user_id = $1) AS favorites, \
            (SELECT COUNT(*) FROM watch_lists WHERE user_id = $1) AS playlists
            """, person)
        return Belongings(
            videos: try row?.value("videos") ?? 0, unfinishedUploads: try row?.value("uploads") ?? 0,
            watchPositions: try row?.value("positions") ?? 0, favorites: try row?.value("favorites") ?? 0,
            playlists: try row?.value("playlists") ?? 0)
    }

    private func handOver(from person: UserID, to heir: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE videos SET owner_id = $2,
                handed_over_from = CASE WHEN checksum = '' THEN handed_over_from ELSE $1 END
            WHERE owner_id = $1
            """, person, heir)
        try transaction.execute("DELETE FROM watch_positions WHERE user_id = $1", person)
        // Of finished ones, whose videos stay; what is still on its way was removed before.
        try transaction.execute("UPDATE uploads SET owner_id = $2 WHERE owner_id = $1", person, heir)
    }

    func remove(of person: UserID, withVideos: Bool) async throws {
        let unfinished = try await database.read { try uploads.unfinished(of: person, in: $0) }
        for id in unfinished {
            try await hold(id) { _ in
                guard let upload = try await database.read({ try uploads.find(id, in: $0) }) else { return }
                try await removeUpload(upload)
            }
        }
        guard withVideos else { return }
        let owner = Viewer(id: person, role: .creator)
        for id in try await database.read({ try store.all(of: person, in: $0) }) {
            for door in [VideoAccess.Door.remove, .trash] {
                do { try await remove(id, through: door, by: owner, from: .system) } catch VideoError.notFound {}
            }
        }
    }
}
