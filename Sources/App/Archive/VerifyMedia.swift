import BaseEncoding
import Cryptography
import Encoding
import SQL
import Storage
import Videos

/// `palco verify`: whether all that the rows promise is in the storage, and is what was stored.
struct VerifyMedia: Sendable {
    private static let videosAtOnce = 100

    let database: Database
    let blobs: any BlobStore
    /// Nil where nothing is to be made anew.
    let remake: RemakeFiles?
    let report: @Sendable (String) -> Void

    struct Outcome: Sendable, Equatable {
        var videoCount = 0
        var blobCount = 0
        /// What is missing or damaged.
        var wrongCount = 0
        /// Of those: what is being made anew.
        var remadeCount = 0
        /// Folders that stand for nothing.
        var orphanCount = 0
    }

    func callAsFunction() async throws -> Outcome {
        var (outcome, last): (Outcome, VideoID?) = (Outcome(), nil)
        while true {
            let page = try await database.read { [last] in
                try StoredOriginal.page(after: last, count: Self.videosAtOnce, in: $0)
            }
            for video in page { try await look(at: video, &outcome) }
            guard let end = page.last else { break }
            last = end.id
        }
        try await findOrphans(&outcome)
        return outcome
    }

    private func look(at video: StoredOriginal, _ outcome: inout Outcome) async throws {
        // bound: videos of a database
        outcome.videoCount += 1
        let wrong = try await check(video)
        let (count, findings) = try await VerifyEncoding(database: database, blobs: blobs)(video.version.encoding)
        outcome.blobCount += count + 1
        if let wrong {
            outcome.wrongCount += 1
            report("\(video.key) \(wrong), and cannot be made anew: the original of \"\(video.title)\"")
        }
        if let poster = video.poster {
            outcome.blobCount += 1
            if try await isMissing(poster, of: video) {
                outcome.wrongCount += 1
                report("\(poster) is missing, and cannot be made anew: the cover of \"\(video.title)\"; choose another")
            }
        }
        guard !findings.isEmpty else { return }
        outcome.wrongCount += findings.count
        let isRemade = wrong == nil && remake != nil
        if isRemade, let remake {
            try await remake(findings, of: video.version.encoding)
            outcome.remadeCount += findings.count
        }
        let end = isRemade ? ", and is made anew" : wrong == nil ? "" : ", and cannot be made anew"
        for finding in findings { report("\(finding.file.key) \(finding.words)\(end): of \"\(video.title)\"") }
    }

    private func isMissing(_ poster: BlobKey, of video: StoredOriginal) async throws -> Bool {
        if try await blobs.exists(poster) { return false }
        // Another one may have been chosen meanwhile.
        return try await database.read { try video.isPosterCurrent(in: $0) }
    }

    /// - Returns: what is wrong with the original; nil for nothing.
    private func check(_ video: StoredOriginal) async throws -> String? {
        let words: String?
        do {
            if let byteCount = try await blobs.size(of: video.key) {
                let digest = SHA256()
                try await blobs.read(video.key, 0..<byteCount) { digest.update($0) }
                let isSame = byteCount == video.byteCount && Hex.encode(digest.value()) == video.checksum
                words = isSame ? nil : "is not what was uploaded"
            } else {
                words = "is missing"
            }
        } catch StorageError.missing {
            words = "is missing"
        } catch StorageError.outOfRange {
            words = "is shorter than it was"
        }
        guard let words else { return nil }
        // It may have been removed meanwhile.
        return try await database.read({ try video.isCurrent(in: $0) }) ? words : nil
    }

    private func findOrphans(_ outcome: inout Outcome) async throws {
        let names: [String]
        do { names = try await blobs.names(in: "videos") } catch StorageError.system { return }
        for name in names where try await !database.read({ try StoredOriginal.isKnown(folder: name, in: $0) }) {
            // bound: folders of a storage
            outcome.orphanCount += 1
            report("videos/\(name) stands for no video: a server removes it when it starts")
        }
    }
}

extension Server {
    /// `palco verify`.
    ///
    /// - Returns: what is to be told in the end; and whether all is well, or will be.
    public static func verify(
        _ settings: Settings, repairing: Bool, report: @escaping @Sendable (String) -> Void
    ) async throws -> (text: String, isWhole: Bool) {
        let outcome: VerifyMedia.Outcome
        if repairing {
            let server = try await build(settings, log: .silent)
            let services = server.services
            let result: Result<VerifyMedia.Outcome, any Error>
            do {
                let remake = RemakeFiles(services.queue, blobs: services.storage.blobs)
                result = .success(
                    try await VerifyMedia(
                        database: services.database, blobs: services.storage.blobs, remake: remake, report: report)())
            } catch {
                result = .failure(error)
            }
            await server.stop()
            outcome = try result.get()
        } else {
            outcome = try await StorageBeside.with(settings, scratch: "\(settings.dataFolder)/.verifying") { beside in
                let database = try await Database.open(settings.database, migrations: migrations)
                let result: Result<VerifyMedia.Outcome, any Error>
                do {
                    result = .success(
                        try await VerifyMedia(
                            database: database, blobs: beside.storage.blobs, remake: nil, report: report)())
                } catch {
                    result = .failure(error)
                }
                await database.close()
                return try result.get()
            }
        }
        return words(of: outcome, repairing: repairing)
    }

    private static func words(of outcome: VerifyMedia.Outcome, repairing: Bool) -> (text: String, isWhole: Bool) {
        let seen = "\(outcome.videoCount) videos with \(outcome.blobCount) blobs were looked at"
        let orphans = outcome.orphanCount > 0 ? " \(outcome.orphanCount) folders stand for no video." : ""
        guard outcome.wrongCount > 0 else { return ("\(seen): all is there and as it was.\(orphans)", true) }
        let rest = outcome.wrongCount - outcome.remadeCount
        guard repairing else {
            return (
                "\(seen): \(outcome.wrongCount) are missing or damaged. palco verify --repair makes anew what can be.\(orphans)",
                false
            )
        }
        return (
            "\(seen): \(outcome.remadeCount) are made anew by the servers that run next, \(rest) cannot be.\(orphans)"
                + (rest > 0 ? " What a backup has of them can be put in their place." : ""), rest == 0
        )
    }
}
