import BaseEncoding
import FoundationEssentials
import Glibc
import Reactor
import SQL
import Storage

/// `palco restore`: a backup becomes an installation, in an empty place. No server begins on the database until all is there; what
/// was cut off goes on.
struct Restore: Sendable {
    let settings: Settings
    let backup: Backup
    let report: @Sendable (String) -> Void

    /// - Returns: blobs that are damaged in the backup, or missing, and were left out.
    func callAsFunction() async throws -> [BlobKey] {
        let manifest = try backup.readManifest()
        let sums = try backup.readList(manifest)
        for (name, checked) in manifest.secrets {
            guard Backup.Checked(try PrivateFile.contents(of: "\(backup.folder)/\(name)")) == checked else {
                throw ServerError.archive("\(backup.folder)/\(name) is not what the backup wrote: take another backup")
            }
        }
        let scratch = "\(settings.dataFolder)/.restoring"
        return try await StorageBeside.with(settings, scratch: scratch) { beside in
            // No server begins here meanwhile.
            let folder = try DataFolder(
                root: settings.dataFolder, pool: beside.pool, reserve: settings.diskReserveBytes)
            defer { folder.close() }
            let rows = try await prepareRows(manifest, scratch, beside.pool)
            let copy = DatabaseCopy(from: .file(rows.path), to: settings.database, migrations: Server.migrations)
            if try await !copy.isBegun() { try await requireEmptyPlace(beside.storage.blobs) }
            let report = report
            try await copy.copyRows { report("\($0.name): \($0.rowCount) rows") }
            let damaged = try await bringBlobs(sums, beside)
            if let name = rows.storageName {
                try await beside.storage.blobs.write(Installation.mark, Array("\(name)\n".utf8))
            }
            try bringSecrets(manifest, rows.secret)
            try await copy.finish()
            return damaged
        }
    }

    private struct Rows {
        var path: String
        /// What the storage's mark is to say; nil where there was none.
        var storageName: String?
        /// The installation's, where the rows have it.
        var secret: [UInt8]?
    }

    /// A copy that is brought up to date: the backup itself stays as it is.
    private func prepareRows(_ manifest: Backup.Manifest, _ scratch: String, _ pool: BlockingPool) async throws -> Rows
    {
        let (path, source) = ("\(scratch)/database.sqlite", backup.databasePath)
        for ending in ["", "-wal", "-shm"] { unlink(path + ending) }
        let wanted = manifest.database
        try await pool.run {
            do { try FileManager.default.copyItem(atPath: source, toPath: path) } catch {
                throw ServerError.archive("\(source) cannot be copied to \(path): \(error)")
            }
            guard try Backup.Checked(fileAt: path) == wanted else {
                throw ServerError.archive("\(source) is not what the backup wrote: take another backup")
            }
            guard chmod(path, 0o600) == 0 else { throw PrivateFile.failure(path) }
        }
        let database = try await Database.open(.file(path), migrations: Server.migrations, readers: 1)
        let result: Result<Rows, any Error>
        do {
            let installation = Installation(database: database)
            result = .success(
                Rows(
                    path: path, storageName: try await installation.storageName(),
                    secret: try await installation.storedSecret()))
        } catch {
            result = .failure(error)
        }
        await database.close()
        return try result.get()
    }

    private func requireEmptyPlace(_ blobs: any BlobStore) async throws {
        for folder: BlobKey in ["videos", "refused"] {
            let names: [String]
            do { names = try await blobs.names(in: folder) } catch StorageError.system { continue }
            guard names.isEmpty else {
                throw ServerError.archive(
                    "there are blobs in the storage already (\(folder)/\(names[0])): restore into an empty place")
            }
        }
        let hasMark = try await blobs.exists(Installation.mark)
        guard !hasMark else {
            throw ServerError.archive("the storage is that of an installation already: restore into an empty place")
        }
        for folder in Backup.secretFolders {
            guard PrivateFile.names(in: "\(settings.dataFolder)/\(folder)").isEmpty else {
                throw ServerError.archive(
                    "\(settings.dataFolder) is that of an installation already (\(folder)): restore into an empty folder"
                )
            }
        }
    }

    private func bringBlobs(_ sums: [BlobSum], _ beside: StorageBeside) async throws -> [BlobKey] {
        let source = StorageServices(
            try DataFolder(beside: backup.blobFolder, pool: beside.pool, reserve: settings.diskReserveBytes))
        let target = beside.storage.blobs
        // bound: what is in the backup; a hundred bytes for each blob
        var wanted = Dictionary(sums.map { ($0.key, $0) }) { first, _ in first }
        var damaged: [BlobKey] = []
        let copy = CopyBlobs(
            ["videos", "refused"], from: source.blobs, to: target, scratch: beside.scratch, removesVerified: false)
        try await copy { progress in
            guard let sum = progress.last else { return }
            if wanted.removeValue(forKey: sum.key) != sum { damaged.append(sum.key) }
            if progress.doneCount % 500 == 0 || progress.doneCount == progress.blobCount {
                report(
                    "\(progress.doneCount) of \(progress.blobCount) blobs, \(progress.doneByteCount >> 20) of "
                        + "\(progress.byteCount >> 20) MiB are there")
            }
        }
        for key in damaged { try await target.remove(key) }
        return (damaged + wanted.keys).sorted()
    }

    private func bringSecrets(_ manifest: Backup.Manifest, _ secret: [UInt8]?) throws {
        for name in manifest.secrets.keys.sorted() {
            try bring(name, try PrivateFile.contents(of: "\(backup.folder)/\(name)"))
        }
        // That of the database is the one that counts, and with SQLite servers look into the file.
        if let secret { try bring("secrets/signing.key", secret) }
    }

    private func bring(_ name: String, _ bytes: [UInt8]) throws {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, Backup.secretFolders.contains(String(parts[0])), !parts[1].hasPrefix(".") else {
            throw ServerError.archive("the manifest names \(name), which no backup does: take another backup")
        }
        try Server.makePrivateFolder("\(settings.dataFolder)/\(parts[0])")
        try PrivateFile.replace("\(settings.dataFolder)/\(name)", bytes)
    }
}

extension Server {
    /// `palco backup`.
    ///
    /// - Returns: what is to be told in the end; and whether blobs were lost before.
    public static func backUp(
        _ settings: Settings, to folder: String, report: @escaping @Sendable (String) -> Void
    ) async throws -> (text: String, isWhole: Bool) {
        let manifest = try await TakeBackup(settings: settings, backup: Backup(folder: folder), report: report)()
        let rows = manifest.rows.values.reduce(0, +)
        var lines = [
            "\(folder) is whole: \(rows) rows, and \(manifest.blobCount) blobs with \(manifest.blobByteCount) bytes."
        ]
        lines.append(
            "Keep it as safe as the server: whoever has it can read all videos, has the hashes of all passwords, and can sign in as anybody."
        )
        if !manifest.lost.isEmpty {
            lines.append(
                "\(manifest.lost.count) blobs are promised by rows and were not in the storage. What an earlier backup in this folder had of them stays in it; palco verify tells more: "
                    + manifest.lost.prefix(10).joined(separator: ", "))
        }
        return (lines.joined(separator: "\n"), manifest.lost.isEmpty)
    }

    /// `palco restore`.
    ///
    /// - Returns: what is to be told in the end; and whether all of the backup is there.
    public static func restore(
        _ settings: Settings, from folder: String, report: @escaping @Sendable (String) -> Void
    ) async throws -> (text: String, isWhole: Bool) {
        guard settings.storageAlso == nil else {
            throw ServerError.archive("take PALCO_STORAGE_ALSO away: a backup is restored into one place")
        }
        let damaged = try await Restore(settings: settings, backup: Backup(folder: folder), report: report)()
        guard !damaged.isEmpty else { return ("All is there. Start the server.", true) }
        return (
            "All is there but \(damaged.count) blobs that are damaged in the backup. Start the server, then let palco verify --repair "
                + "make anew what can be: \(damaged.prefix(10).map(\.description).joined(separator: ", "))", false
        )
    }
}
