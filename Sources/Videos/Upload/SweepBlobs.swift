import FoundationEssentials
import SQL
import Storage
import Telemetry

/// Removes blobs that no row stands for: what a crash left between the two.
public struct SweepBlobs: Sendable {
    let database: Database
    let storage: StorageServices
    let settings: VideoSettings
    let log: Log
    let now: @Sendable () -> Date
    private let versions = VersionStore()
    private let uploads = UploadStore()
    private let fetches = FetchStore()

    /// What lies in the folders.
    public struct Inventory: Sendable {
        fileprivate let uploads: [UploadID]
        fileprivate let versions: [VersionID]
    }

    /// Names that are no ids were not made by a server and are left alone.
    func takeInventory() async throws -> Inventory {
        Inventory(
            uploads: try await names(in: "uploads").compactMap { UploadID($0) },
            versions: try await names(in: "videos").compactMap { VersionID($0) })
    }

    private func names(in folder: BlobKey) async throws -> [String] {
        do { return try await storage.blobs.names(in: folder) } catch StorageError.system { return [] }
    }

    /// What is younger may be on its way to a row: no upload takes longer, whichever server it comes by.
    public var age: Duration { max(settings.uploadLifetime, VideoSettings.longestUpload) + .seconds(24 * 3600) }

    /// The same where other servers store, too.
    public func callAsFunction() async throws { try await self(takeInventory()) }

    /// - Parameter inventory: taken before the rows are looked at, and where this server stores alone, before its first request:
    ///   what comes later is not in it, so sweeping cannot meet it.
    func callAsFunction(_ inventory: Inventory) async throws {
        let (known, waiting) = try await database.read { access in
            let fetched = try fetches.open(in: access).map(\.upload)
            return (try versions.allIDs(in: access), Set(try uploads.unfinished(in: access).map(\.id) + fetched))
        }
        let left = inventory.uploads.filter { !waiting.contains($0) }.compactMap(\.blob)
        let uploaded = storage.blobs.isShared && !left.isEmpty ? try await storage.blobs.list("uploads") : []
        for key in left where mayBeSwept(uploaded.filter { $0.key == key || $0.key.isBelow(key) }) {
            try await storage.uploads.remove(key)
            log.info("leftover removed", ["blob": .init(key)])
        }
        let unknown = inventory.versions.filter { !known.contains($0) && !waiting.contains($0.upload) }
        for key in unknown.compactMap(\.folder) {
            let entries = storage.blobs.isShared ? try await storage.blobs.list(key) : []
            guard mayBeSwept(entries) else { continue }
            try await storage.blobs.removeTree(key)
            log.info("leftover removed", ["blob": .init(key)])
        }
    }

    private func mayBeSwept(_ entries: [BlobEntry]) -> Bool {
        guard storage.blobs.isShared else { return true }
        let limit = now().wholeSeconds - age.components.seconds
        // Somebody may be about to put the first file into an empty folder.
        return !entries.isEmpty && entries.allSatisfy { $0.modified < limit }
    }
}
