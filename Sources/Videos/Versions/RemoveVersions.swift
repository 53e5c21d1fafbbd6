import FoundationEssentials
import SQL
import Storage
import Telemetry

/// Removes versions whose time is over: their tasks and keys first, then every byte, the row last. So whatever a crash leaves still has its
/// row, by which it is done to its end.
struct RemoveVersions: Sendable {
    /// Versions that are looked up together.
    private static let pieceSize = 20

    let database: Database
    let storage: StorageServices
    let encoding: VideoEncoding
    let log: Log
    let now: @Sendable () -> Date
    private let versions = VersionStore()

    init(
        database: Database, storage: StorageServices, encoding: VideoEncoding, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.storage = storage
        self.encoding = encoding
        self.log = log
        self.now = now
    }

    /// - Returns: how many there were.
    @discardableResult
    func callAsFunction() async throws -> Int {
        let time = now()
        var (count, last) = (0, "")
        while !Task.isCancelled {
            let after = last
            let due = try await database.read {
                try versions.due(at: time, after: after, limit: Self.pieceSize, in: $0)
            }
            guard let end = due.last else { break }
            for version in due where !Task.isCancelled {
                do {
                    try await remove(version)
                    count += 1  // bound: rows of a database
                } catch let error as CancellationError {
                    throw error
                } catch {
                    // It has its row, so that it is tried again with the next round.
                    log.error(
                        "a former version of a video could not be removed",
                        ["video": .init(version.video), "version": .init(version.id), "error": .error(error)])
                }
            }
            last = end.id.description
        }
        if count > 0 { log.info("former versions of videos were removed", ["count": .init(count)]) }
        return count
    }

    private func remove(_ version: VideoVersion) async throws {
        try await database.write { try encoding.remove($0, version.id) }
        if let folder = version.id.folder { try await empty(folder, isFirst: version.id == version.video.firstVersion) }
        try await database.write { transaction in
            try FilmCaptionStore().remove(version.id, of: version.video, in: transaction)
            try versions.remove(version.id, in: transaction)
        }
    }

    /// Covers that were chosen stay: they are of the video.
    private func empty(_ folder: BlobKey, isFirst: Bool) async throws {
        guard isFirst else { return try await storage.blobs.removeTree(folder) }
        for name in try await storage.blobs.names(in: folder) where !Video.Poster.isName(name) {
            if let key = folder.appending(name: name) { try await storage.blobs.removeTree(key) }
        }
    }
}
