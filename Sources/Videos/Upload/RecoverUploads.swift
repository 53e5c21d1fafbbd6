import FoundationEssentials
import SQL
import Security
import Storage

/// What lay in the folders when the server started, before it took its first request.
public struct Inventory: Sendable {
    fileprivate var uploads: [UploadID] = []
    fileprivate var videos: [VideoID] = []
}

extension VideoCatalogue {
    /// Lists the folders. Call before the first request: what comes later is not in it, so sweeping cannot meet it.
    public func takeInventory() async throws -> Inventory {
        var inventory = Inventory()
        // Names that are no ids were not made by this server and are left alone.
        inventory.uploads = try await names(in: "uploads").compactMap { UploadID($0) }
        inventory.videos = try await names(in: "videos").compactMap { VideoID($0) }
        return inventory
    }

    private func names(in folder: BlobKey) async throws -> [String] {
        do { return try await storage.names(in: folder) } catch StorageError.system { return [] }
    }

    /// Mends what the last run left: finishes uploads whose bytes are all here, removes what no row stands for.
    public func recover(_ inventory: Inventory) async {
        do {
            try await finishCompleteUploads()
            try await sweep(inventory)
            try await expireUploads()
        } catch is CancellationError {
        } catch {
            log.error("recovery failed", ["error": .error(error)])
        }
    }

    private func finishCompleteUploads() async throws {
        let uploads = uploads
        for upload in try await database.read({ try uploads.unfinished(in: $0) }) {
            try Task.checkCancellation()
            do {
                try await holding(upload.id) { session in
                    guard try await settledOffset(of: upload) == upload.byteCount else { return }
                    let video = try await finish(upload, session).video
                    log.info("upload finished after a restart", ["video": .init(video.id)])
                }
            } catch let refusal as RefusedContent {
                log.info("upload refused after a restart", ["code": .string(refusal.code.rawValue)])
            } catch {
                log.error("upload could not be finished", ["upload": .init(upload.id), "error": .error(error)])
            }
        }
    }

    private func sweep(_ inventory: Inventory) async throws {
        let (store, uploads) = (store, uploads)
        let (videos, waiting) = try await database.read { access in
            (try store.allIDs(in: access), Set(try uploads.unfinished(in: access).map(\.id)))
        }
        var leftovers = inventory.uploads.filter { !waiting.contains($0) }.compactMap(Self.blob(of:))
        leftovers += inventory.videos
            .filter { !videos.contains($0) && !waiting.contains(UploadID(high: $0.high, low: $0.low)) }
            .compactMap(Self.folder(of:))
        for key in leftovers {
            try await storage.removeTree(key)
            log.info("leftover removed", ["blob": .init(key)])
        }
    }

    /// Frees the space of uploads that nobody went on with.
    public func expireUploads() async throws {
        let (uploads, now, held) = (uploads, now(), sessions.held)
        let expired = try await database.read { try uploads.expired(at: now, in: $0) }
        for upload in expired where !held.contains(upload.id) {
            try await removeUpload(upload)
            sessions.forget(upload.id)
            if upload.state == .receiving { log.info("abandoned upload removed", ["upload": .init(upload.id)]) }
        }
    }

    /// Expires uploads and keeps event streams alive, until cancelled.
    public func run() async {
        let heartbeat = Duration.seconds(15)
        let lifetime = settings.uploadLifetime
        let interval = max(.seconds(1), min(lifetime / 4, .seconds(600)))
        var sinceExpiry = Duration.zero
        while !Task.isCancelled {
            let pause = min(heartbeat, interval)
            do {
                try await foundation.loops.next().sleep(for: pause)
                events.beat()
                sinceExpiry += pause
                guard sinceExpiry >= interval else { continue }
                sinceExpiry = .zero
                try await expireUploads()
            } catch is CancellationError {
                return
            } catch {
                log.error("expiring uploads failed", ["error": .error(error)])
            }
        }
    }
}
