import FoundationEssentials
import SQL
import Storage

/// What lay in the folders when the server started, before it took its first request.
public struct Inventory: Sendable {
    fileprivate var uploads: [UploadID] = []
    fileprivate var videos: [VideoID] = []
}

extension VideoCatalogue {
    /// Lists the folders. Call before the first request: what comes later is not in it, so sweeping cannot meet it.
    ///
    /// - Parameter afterTrap: the last run was ended by a trap of its own.
    public func takeInventory(afterTrap: Bool = false) async throws -> Inventory {
        try await refuseSuspects(afterTrap: afterTrap)
        var inventory = Inventory()
        // Names that are no ids were not made by this server and are left alone.
        inventory.uploads = try await names(in: "uploads").compactMap { UploadID($0) }
        inventory.videos = try await names(in: "videos").compactMap { VideoID($0) }
        // Who held these slots is gone with the last run.
        let uploads = uploads
        try await database.write { try uploads.removeReserved(in: $0) }
        return inventory
    }

    /// An upload that ended the server twice is not looked into again. Its file is kept apart for the administrator.
    private func refuseSuspects(afterTrap: Bool) async throws {
        let uploads = uploads
        let guilty = try await database.write { try uploads.endInspections(afterTrap: afterTrap, in: $0) }
        for upload in guilty {
            guard let blob = Self.blob(of: upload.id), let original = Self.original(of: upload.videoID),
                let kept = BlobKey("refused/\(upload.id)")
            else { continue }
            let place = try await storage.exists(blob) ? blob : original
            if try await storage.exists(place) { try await storage.move(place, to: kept) }
            try await database.write {
                try uploads.refuse(upload.id, code: RefusedContent.Code.corruptFile.rawValue, in: $0)
            }
            log.error(
                "an upload that ended the server is not looked into again; its file is kept",
                ["upload": .init(upload.id), "owner": .init(upload.owner), "file": .init(kept)])
        }
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

    /// Makes videos of uploads whose bytes are all here and that nobody holds: what a crash left, and what an error kept
    /// from its row. Those that a request holds are finished by it.
    func finishCompleteUploads() async throws {
        // They wait until they can be looked into safely.
        guard settings.acceptsUploads else { return }
        let uploads = uploads
        for id in try await database.read({ try uploads.unfinished(in: $0).map(\.id) }) {
            try Task.checkCancellation()
            do {
                try await ifFree(id) { session in
                    // Looked up again: a request may have finished it meanwhile.
                    guard let upload = try await database.read({ try uploads.find(id, in: $0) }),
                        upload.state == .receiving, try await settledOffset(of: upload) == upload.byteCount
                    else { return }
                    let video = try await finish(upload, session, by: nil).video
                    log.info("an upload that was left was finished", ["video": .init(video.id)])
                }
            } catch let error as CancellationError {
                throw error
            } catch let refusal as RefusedContent {
                log.info("an upload that was left was refused", ["code": .string(refusal.code.rawValue)])
            } catch {
                log.error("upload could not be finished", ["upload": .init(id), "error": .error(error)])
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
        let (uploads, now) = (uploads, now())
        for id in try await database.read({ try uploads.expired(at: now, in: $0).map(\.id) }) {
            // One that is held goes on.
            try await ifFree(id) { _ in
                guard let upload = try await database.read({ try uploads.find(id, in: $0) }), upload.expiresAt <= now
                else { return }
                try await removeUpload(upload)
                sessions.forget(id)
                if upload.state == .receiving { log.info("abandoned upload removed", ["upload": .init(id)]) }
            }
        }
    }
}
