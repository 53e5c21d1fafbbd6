import BaseEncoding
import Encoding
import FoundationEssentials
import Glibc
import Reactor
import SQL
import Storage
import Synchronization
import Videos
import Web

/// `palco backup`: rows and blobs of one moment, while servers run.
///
/// The rows are copied first, all as they were at one moment, and the blobs after them. A blob is there before a row promises it, so
/// what is missing in the end was removed meanwhile: then the rows are taken anew, which do not promise it any more.
struct TakeBackup: Sendable {
    /// What is removed while a round runs makes another one needed, and rounds after the first are short.
    private static let mostRounds = 10

    let settings: Settings
    let backup: Backup
    let report: @Sendable (String) -> Void

    func callAsFunction() async throws -> Backup.Manifest {
        try takeFolder()
        let scratch = "\(backup.folder)/.work"
        return try await StorageBeside.with(settings, scratch: scratch) { beside in
            // From now on it is none, until all is there.
            unlink(backup.manifestPath)
            let folder = try DataFolder(
                root: backup.blobFolder, pool: beside.pool, reserve: settings.diskReserveBytes)
            defer { folder.close() }
            let target = StorageServices(folder)
            var copy = Copy()
            for _ in 0..<Self.mostRounds {
                try await copyRows(into: &copy, scratch)
                try await copyBlobs(into: &copy, beside, target.blobs)
                let missing = copy.promised.subtracting(copy.sums.keys)
                // Rows that were taken after it was missed promise it still: nobody removed it.
                if missing.isEmpty || missing.isSubset(of: copy.missing ?? []) {
                    copy.missing = missing
                    try await keepRest(of: &copy, target.blobs)
                    return try await finish(copy, scratch, target.blobs)
                }
                copy.missing = missing
                report("\(missing.count) blobs were removed meanwhile: once more")
            }
            throw ServerError.archive(
                "while each of \(Self.mostRounds) copies was made, videos were removed: call this again in a quieter hour"
            )
        }
    }

    private struct Copy {
        var takenAt = Date()
        var rows: [String: Int] = [:]
        var promised: Set<BlobKey> = []
        // bound: what is stored; a hundred bytes for each blob
        var sums: [BlobKey: BlobSum] = [:]
        /// What the round before did not find.
        var missing: Set<BlobKey>?
    }

    /// Only an empty folder, or one with a backup in it.
    private func takeFolder() throws {
        try Server.makePrivateFolder(backup.folder)
        let strange = PrivateFile.names(in: backup.folder).filter {
            !["blobs", "database.sqlite", "blobs.jsonl", "manifest.json", "manifest.json.new", "blobs.jsonl.new"]
                .contains($0) && !Backup.secretFolders.contains($0)
        }
        guard strange.isEmpty else {
            throw ServerError.archive(
                "\(backup.folder) is neither empty nor a backup (\(strange[0])): name another folder")
        }
    }

    private func copyRows(into copy: inout Copy, _ scratch: String) async throws {
        let path = "\(scratch)/database.sqlite"
        for ending in ["", "-wal", "-shm"] { unlink(path + ending) }
        let rows = Mutex<[String: Int]>([:])
        copy.takenAt = Date()
        try await DatabaseCopy(
            from: settings.database, to: .file(path), migrations: Server.migrations, isSnapshot: true
        ) { table in rows.withLock { $0[table.name] = table.rowCount } }
        copy.rows = rows.withLock { $0 }
        let database = try await Database.open(.file(path), migrations: Server.migrations, readers: 1)
        let promised: Result<Set<BlobKey>, any Error>
        do { promised = .success(try await Self.promised(in: database)) } catch { promised = .failure(error) }
        await database.close()
        copy.promised = try promised.get()
        report("\(copy.rows.values.reduce(0, +)) rows were copied")
    }

    private static func promised(in database: Database) async throws -> Set<BlobKey> {
        // bound: what is stored; a hundred bytes for each blob
        var (keys, last): (Set<BlobKey>, VideoID?) = ([], nil)
        while true {
            let (page, files) = try await database.read { [last] access in
                let page = try StoredOriginal.page(after: last, count: 100, in: access)
                return (page, try page.flatMap { try PromisedFile.all(of: $0.version.encoding, in: access) })
            }
            keys.formUnion(page.map(\.key) + page.compactMap(\.poster) + files.map(\.key))
            guard let end = page.last else { return keys }
            last = end.id
        }
    }

    private func copyBlobs(
        into copy: inout Copy, _ beside: StorageBeside, _ target: any BlobStore
    ) async throws {
        let copying = CopyBlobs(
            ["videos", "refused"], from: beside.storage.blobs, to: target, scratch: beside.scratch,
            removesVerified: false, isLive: true)
        try await copying(except: Set(copy.sums.keys)) { progress in
            if let sum = progress.last { copy.sums[sum.key] = sum }
            if progress.doneCount % 500 == 0 || progress.doneCount == progress.blobCount {
                report(
                    "\(progress.doneCount) of \(progress.blobCount) blobs, \(progress.doneByteCount >> 20) of "
                        + "\(progress.byteCount >> 20) MiB are there and alike; \(progress.broughtCount) were brought now"
                )
            }
        }
    }

    /// What the server has lost and an earlier backup in this folder has is not thrown away.
    private func keepRest(of copy: inout Copy, _ target: any BlobStore) async throws {
        for key in copy.missing ?? [] {
            guard let sha256 = try await target.sha256(of: key), let byteCount = try await target.size(of: key) else {
                continue
            }
            copy.sums[key] = BlobSum(key: key, byteCount: byteCount, sha256: sha256)
        }
    }

    private func finish(_ copy: Copy, _ scratch: String, _ target: any BlobStore) async throws -> Backup.Manifest {
        // Of a backup that was here before.
        for name: BlobKey in ["videos", "refused"] {
            for entry in try await target.list(name) where copy.sums[entry.key] == nil {
                try await target.remove(entry.key)
            }
        }
        let list = try Backup.list(Array(copy.sums.values))
        try PrivateFile.replace(backup.listPath, list)
        let database = "\(scratch)/database.sqlite"
        guard access("\(database)-wal", F_OK) != 0 else {
            throw ServerError.archive("\(database) was not closed: call this again")
        }
        guard chmod(database, 0o600) == 0 else { throw PrivateFile.failure(database) }
        try PrivateFile.name(database, backup.databasePath)
        let manifest = Backup.Manifest(
            palco: Version.current, takenAt: InternetTime(copy.takenAt).description,
            database: try Backup.Checked(fileAt: backup.databasePath), rows: copy.rows, blobs: Backup.Checked(list),
            blobCount: copy.sums.count, blobByteCount: copy.sums.values.reduce(0) { $0 + $1.byteCount },
            secrets: try await copySecrets(), lost: (copy.missing ?? []).map(\.description).sorted())
        try backup.write(manifest)
        return manifest
    }

    private func copySecrets() async throws -> [String: Backup.Checked] {
        var secrets: [String: Backup.Checked] = [:]
        for folder in Backup.secretFolders {
            try? FileManager.default.removeItem(atPath: "\(backup.folder)/\(folder)")
            let names = PrivateFile.names(in: "\(settings.dataFolder)/\(folder)")
            if !names.isEmpty { try Server.makePrivateFolder("\(backup.folder)/\(folder)") }
            for name in names {
                let bytes = try PrivateFile.contents(of: "\(settings.dataFolder)/\(folder)/\(name)")
                try PrivateFile.replace("\(backup.folder)/\(folder)/\(name)", bytes)
                secrets["\(folder)/\(name)"] = Backup.Checked(bytes)
            }
        }
        return secrets
    }
}
