import Accounts
import FoundationEssentials
import Glibc
import Reactor
import SQL
import Storage
import Videos
import Web

/// `palco export`: what people would miss, in a form of its own.
struct ExportArchive: Sendable {
    private static let rowsAtOnce = 100

    let settings: Settings
    let folder: ArchiveFolder
    let report: @Sendable (String) -> Void

    func callAsFunction() async throws -> ArchiveFolder.Manifest {
        try Server.makePrivateFolder(folder.path)
        let strange = PrivateFile.names(in: folder.path).filter {
            !ArchiveFolder.lists.contains($0) && !["archive.json", "videos"].contains($0) && !$0.hasSuffix(".new")
        }
        guard strange.isEmpty else {
            throw ServerError.archive(
                "\(folder.path) is neither empty nor an archive (\(strange[0])): name another folder")
        }
        return try await StorageBeside.with(settings, scratch: "\(folder.path)/.work") { beside in
            unlink(folder.manifestPath)
            let root = try DataFolder(root: folder.path, pool: beside.pool, reserve: settings.diskReserveBytes)
            defer { root.close() }
            let database = try await Database.open(settings.database, migrations: Server.migrations)
            let result: Result<ArchiveFolder.Manifest, any Error>
            do {
                result = .success(try await write(database, beside, StorageServices(root).blobs))
            } catch {
                result = .failure(error)
            }
            await database.close()
            let manifest = try result.get()
            try folder.write(manifest)
            return manifest
        }
    }

    private func write(
        _ database: Database, _ beside: StorageBeside, _ target: any BlobStore
    ) async throws -> ArchiveFolder.Manifest {
        var lists: [String: [[UInt8]]] = [:]
        // bound: what is in the house; a line for each person and each video
        let people: [ArchivedPerson] = try await all(in: database, id: { $0.id }) { id, access in
            try ArchivedPerson.page(after: id, count: Self.rowsAtOnce, in: access)
        }
        lists["people.jsonl"] = try people.map { try ArchiveFolder.line($0) }
        lists["vocabulary.jsonl"] = try await database.read { try ArchivedTerm.all(in: $0) }
            .map { try ArchiveFolder.line($0) }
        let videos: [ArchivedVideo] = try await all(in: database, id: { $0.id }) { id, access in
            try ArchivedVideo.page(after: id, count: Self.rowsAtOnce, in: access)
        }
        let there = try await bringFiles(of: videos, beside, target)
        lists["videos.jsonl"] = try videos.filter { $0.key.map(there.contains) == true }.map { video in
            var video = video
            // Its file was lost: the automatic cover takes its place.
            if video.posterKey.map(there.contains) == false { video.poster = nil }
            return try ArchiveFolder.line(video)
        }
        var personal: [[UInt8]] = []
        for person in people {
            let belongings = try await database.read { try ArchivedBelongings(of: person.id, in: $0) }
            // bound: a line for each person
            if !belongings.isEmpty { personal.append(try ArchiveFolder.line(belongings)) }
        }
        lists["personal.jsonl"] = personal
        var manifest = ArchiveFolder.Manifest(
            palco: Version.current, exportedAt: InternetTime(Date()).description, lists: [:], counts: [:])
        for (name, lines) in lists {
            let bytes = Array(lines.joined())
            try PrivateFile.replace("\(folder.path)/\(name)", bytes)
            manifest.lists[name] = Backup.Checked(bytes)
            manifest.counts[name] = lines.count
        }
        return manifest
    }

    private func all<Value: Sendable>(
        in database: Database, id: (Value) -> String,
        _ page: @escaping @Sendable (_ after: String, ReadAccess) throws -> [Value]
    ) async throws -> [Value] {
        var (values, last): ([Value], String) = ([], "")
        while true {
            let rows = try await database.read { [last] in try page(last, $0) }
            guard let end = rows.last else { return values }
            values += rows  // bound: rows of a database
            last = id(end)
        }
    }

    /// - Returns: the originals and covers that are in the archive.
    private func bringFiles(
        of videos: [ArchivedVideo], _ beside: StorageBeside, _ target: any BlobStore
    ) async throws -> Set<BlobKey> {
        let keys = Set(videos.flatMap { [$0.key, $0.posterKey].compactMap(\.self) })
        var there: Set<BlobKey> = []
        let copy = CopyBlobs(
            keys.sorted(), from: beside.storage.blobs, to: target, scratch: beside.scratch,
            removesVerified: false, isLive: true)
        try await copy { progress in
            // bound: the videos and their covers
            if let sum = progress.last { there.insert(sum.key) }
            if progress.doneCount % 100 == 0 || progress.doneCount == progress.blobCount {
                report("\(progress.doneCount) of \(progress.blobCount) originals and covers are there")
            }
        }
        // Of an export before this one.
        for entry in try await target.list("videos") where !keys.contains(entry.key) {
            try await target.remove(entry.key)
        }
        return there
    }
}

extension Server {
    /// `palco export`.
    ///
    /// - Returns: what is to be told in the end.
    public static func export(
        _ settings: Settings, to folder: String, report: @escaping @Sendable (String) -> Void
    ) async throws -> String {
        let manifest = try await ExportArchive(
            settings: settings, folder: ArchiveFolder(path: folder), report: report)()
        func count(_ name: String) -> Int { manifest.counts[name] ?? 0 }
        return """
            \(folder) is whole: \(count("people.jsonl")) people and \(count("videos.jsonl")) videos.
            It holds the hashes of passwords and all videos: keep it safe.
            """
    }
}
