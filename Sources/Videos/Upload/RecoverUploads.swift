import FoundationEssentials
import Media
import SQL
import Storage
import Telemetry

/// Mends what the last run left of uploads, and what errors and people who went away leave.
public struct RecoverUploads: Sendable {
    let database: Database
    let storage: StorageServices
    let hold: HoldUpload
    let settle: SettleUpload
    let finish: FinishUpload
    let remove: RemoveUpload
    let sweep: SweepBlobs
    let settings: VideoSettings
    let log: Log
    let now: @Sendable () -> Date
    private let uploads = UploadStore()

    /// Before the first request.
    ///
    /// - Parameter afterTrap: the last run was ended by a trap of its own.
    /// - Returns: what lies in the folders; nil where other servers store, too.
    public func takeInventory(afterTrap: Bool = false) async throws -> SweepBlobs.Inventory? {
        try await refuseSuspects(afterTrap: afterTrap)
        let inventory = storage.blobs.isShared ? nil : try await sweep.takeInventory()
        // Of servers on other machines nobody here knows whether they are gone: their slots go with their time.
        try await database.write { try uploads.removeReserved(by: uploads.goneHolders(in: $0), in: $0) }
        return inventory
    }

    /// An upload that ended the server twice is not looked into again. Its file is kept apart for the administrator.
    private func refuseSuspects(afterTrap: Bool) async throws {
        let guilty = try await database.write {
            try uploads.endInspections(by: uploads.goneHolders(in: $0), afterTrap: afterTrap, in: $0)
        }
        for upload in guilty {
            guard let blob = upload.id.blob, let original = upload.id.version.original,
                let kept = BlobKey("refused/\(upload.id)")
            else { continue }
            try await finish.putInPlace(blob, at: original)
            do { try await storage.blobs.move(original, to: kept) } catch StorageError.missing {}
            try await database.write {
                try uploads.refuse(upload.id, code: ContentRefusal.corruptFile.rawValue, in: $0)
            }
            log.error(
                "an upload that ended the server is not looked into again; its file is kept",
                ["upload": .init(upload.id), "owner": .init(upload.owner), "file": .init(kept)])
        }
    }

    /// Finishes uploads whose bytes are all here, and removes what no row stands for.
    func recover(_ inventory: SweepBlobs.Inventory?) async {
        do {
            try await finishComplete()
            if let inventory { try await sweep(inventory) }
            try await expire()
        } catch is CancellationError {
        } catch {
            log.error("recovery failed", ["error": .error(error)])
        }
    }

    /// Makes videos of uploads whose bytes are all here and that nobody holds: what a crash left, and what an error kept
    /// from its row. Those that a request holds are finished by it.
    func finishComplete() async throws {
        // They wait until they can be looked into safely.
        guard settings.acceptsUploads else { return }
        for id in try await database.read({ try uploads.unfinished(in: $0).map(\.id) }) {
            try Task.checkCancellation()
            do {
                try await hold.ifFree(id) { session in
                    // Looked up again: a request may have finished it meanwhile.
                    guard let upload = try await database.read({ try uploads.find(id, in: $0) }),
                        upload.state == .receiving, try await settle(upload) == upload.byteCount
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

    /// Frees the space of uploads that nobody went on with.
    func expire() async throws {
        let now = now()
        for id in try await database.read({ try uploads.expired(at: now, in: $0).map(\.id) }) {
            // One that is held goes on.
            try await hold.ifFree(id) { _ in
                guard let upload = try await database.read({ try uploads.find(id, in: $0) }), upload.expiresAt <= now
                else { return }
                try await remove(upload)
                if upload.state == .receiving { log.info("abandoned upload removed", ["upload": .init(id)]) }
            }
        }
    }
}
