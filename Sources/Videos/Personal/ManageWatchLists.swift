import Accounts
import FoundationEssentials
import SQL

/// Makes, names, fills and removes somebody's playlists. Those of others do not exist.
struct ManageWatchLists: Sendable {
    let database: Database
    let now: @Sendable () -> Date
    private let lists = WatchListStore()
    private let videos = VideoStore()

    init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// - Throws: `VideoDetails.Invalid`; `PersonalError.tooManyWatchLists`.
    func create(_ name: String, for viewer: Viewer) async throws -> ShownWatchList {
        let time = now()
        let list = WatchList(
            id: WatchListID(), owner: viewer.id, name: try WatchList.checkedName(name), createdAt: time, updatedAt: time
        )
        try await database.write { transaction in
            guard try lists.count(of: viewer.id, in: transaction) < WatchList.most else {
                throw PersonalError.tooManyWatchLists
            }
            try lists.insert(list, in: transaction)
        }
        return ShownWatchList(list: list, videoCount: 0)
    }

    func list(
        _ query: PersonalQuery<WatchList>, of viewer: Viewer
    ) async throws -> PersonalPage<ShownWatchList, WatchList> {
        try await database.read { try lists.page(query, of: viewer, in: $0) }
    }

    /// - Throws: `PersonalError.noSuchWatchList`.
    func open(
        _ id: WatchListID, _ query: PersonalQuery<Video>, for viewer: Viewer
    ) async throws -> (list: ShownWatchList, videos: PersonalPage<Video, Video>) {
        try await database.read { access in
            let list = try shown(id, for: viewer, in: access)
            return (list, try lists.videos(query, of: id, for: viewer, in: access))
        }
    }

    /// - Throws: `VideoDetails.Invalid`; `PersonalError.noSuchWatchList`.
    func rename(_ id: WatchListID, _ name: String, for viewer: Viewer) async throws -> ShownWatchList {
        let time = now()
        return try await database.write { transaction in
            var list = try shown(id, for: viewer, in: transaction)
            list.list.name = try WatchList.checkedName(name)
            list.list.updatedAt = time
            try lists.rename(id, list.list.name, in: transaction)
            try lists.touch(id, at: time, in: transaction)
            return list
        }
    }

    /// - Throws: `PersonalError.noSuchWatchList`.
    func remove(_ id: WatchListID, of viewer: Viewer) async throws {
        try await database.write { transaction in
            _ = try shown(id, for: viewer, in: transaction)
            try lists.remove(id, in: transaction)
        }
    }

    /// Puts a video into a playlist, or moves one that is in it.
    ///
    /// - Parameter place: counted from 0 among what the viewer sees of the playlist; beyond its end is at its end. Nil: a video that
    ///   is in it stays where it is, and another comes to the end.
    /// - Throws: `PersonalError`; `VideoError` where the viewer may not see the video.
    func put(_ video: VideoID, into id: WatchListID, at place: Int?, by viewer: Viewer) async throws {
        let time = now()
        try await database.write { transaction in
            _ = try own(id, of: viewer, in: transaction)
            try videos.requireVisible(video, to: viewer, in: transaction)
            let entries = try lists.entries(of: id, for: viewer, in: transaction)
            let others = entries.filter { $0.video != video }
            let isThere = others.count < entries.count
            if isThere, place == nil { return }
            guard isThere || entries.count < WatchList.mostVideos else { throw PersonalError.watchListFull }
            let visible = others.filter(\.isVisible)
            if let place, place < visible.count {
                try lists.put(video, into: id, at: visible[place].position, movingOthers: true, in: transaction)
            } else {
                let end = (entries.last?.position ?? -1) + 1
                try lists.put(video, into: id, at: end, movingOthers: false, in: transaction)
            }
            try lists.touch(id, at: time, in: transaction)
        }
    }

    /// Takes a video out of a playlist, whoever may see it by now. What is not in it is no error.
    ///
    /// - Throws: `PersonalError.noSuchWatchList`.
    func take(_ video: VideoID, from id: WatchListID, by viewer: Viewer) async throws {
        let time = now()
        try await database.write { transaction in
            _ = try own(id, of: viewer, in: transaction)
            if try lists.remove(video, from: id, in: transaction) { try lists.touch(id, at: time, in: transaction) }
        }
    }

    private func own(_ id: WatchListID, of viewer: Viewer, in access: ReadAccess) throws -> WatchList {
        guard let list = try lists.find(id, of: viewer.id, in: access) else { throw PersonalError.noSuchWatchList }
        return list
    }

    private func shown(_ id: WatchListID, for viewer: Viewer, in access: ReadAccess) throws -> ShownWatchList {
        let list = try own(id, of: viewer, in: access)
        let counts = try lists.videoCounts(of: [id], for: viewer, in: access)
        return ShownWatchList(list: list, videoCount: counts[id] ?? 0)
    }
}
