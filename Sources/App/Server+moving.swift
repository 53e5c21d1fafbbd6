import HTTPClient
import Reactor
import S3
import Storage

extension Server {
    /// `palco storage copy` and `move`.
    ///
    /// - Parameters:
    ///   - from: `local:FOLDER` or `s3://…`; so is `to`. One of them at least is a folder.
    ///   - removing: what is verified at its new place is removed at the old one.
    ///   - report: a line now and then.
    /// - Throws: `ServerError.storageName`; `StorageError.inUse` where a server runs on a folder; `CopyBlobs.Mismatch`.
    public static func copyStorage(
        _ settings: Settings, from: String, to: String, removing: Bool, report: @escaping @Sendable (String) -> Void
    ) async throws {
        let loops = try EventLoopGroup(count: 1)
        let pool = try BlockingPool(name: "files", threads: 4)
        var folders: [String: DataFolder] = [:]
        var places: [StorageServices] = []
        let result: Result<Void, any Error>
        do {
            for name in [from, to] where name.hasPrefix("local:") && name.utf8.count > 6 {
                folders[name] = try DataFolder(
                    root: String(name.dropFirst(6)), pool: pool, reserve: settings.diskReserveBytes)
            }
            // On the disk of the target, where that is a folder.
            guard let scratch = folders[to] ?? folders[from] else { throw ServerError.storageName }
            for name in [from, to] {
                if let folder = folders[name] {
                    places.append(StorageServices(folder))
                } else {
                    let client = try settings.bucketClient(
                        try S3Location(name), pool: pool, loops: loops, outgoing: OutgoingCounts())
                    places.append(try StorageServices(scratch, client, cacheByteCount: 0))
                }
            }
            let copy = CopyBlobs(
                ["videos", "refused", Installation.mark], from: places[0].blobs, to: places[1].blobs, scratch: scratch,
                removesVerified: removing)
            result = .success(try await copy { tell($0, report) })
        } catch {
            result = .failure(error)
        }
        for place in places { await place.close() }
        for folder in folders.values { folder.close() }
        await pool.shutdown()
        await loops.shutdown()
        try result.get()
    }

    /// `palco storage move` while servers run: what is in `PALCO_STORAGE_ALSO` goes to `PALCO_STORAGE`.
    ///
    /// - Throws: `ServerError.storageRest` where something has to stay for now; `MoveBlobs.InUse`.
    public static func moveStorage(_ settings: Settings, report: @escaping @Sendable (String) -> Void) async throws {
        guard let also = settings.storageAlso else { throw ServerError.noStorageAlso }
        let loops = try EventLoopGroup(count: 1)
        let pool = try BlockingPool(name: "files", threads: 4)
        func path(_ place: Settings.StoragePlace) -> String? {
            switch place {
            case .data: settings.dataFolder
            case .folder(let path): path
            case .bucket: nil
            }
        }
        var places: [StorageServices] = []
        var scratch: DataFolder?
        let result: Result<MoveBlobs.Rest, any Error>
        do {
            let room = path(settings.storagePlace) ?? settings.dataFolder
            try makePrivateFolder(room)
            let folder = try DataFolder(root: "\(room)/.moving", pool: pool, reserve: settings.diskReserveBytes)
            scratch = folder
            for place in [also, settings.storagePlace] {
                if case .bucket(let location) = place {
                    let client = try settings.bucketClient(
                        location, pool: pool, loops: loops, outgoing: OutgoingCounts())
                    places.append(try StorageServices(folder, client, cacheByteCount: 0))
                } else {
                    let root = path(place) ?? ""
                    places.append(
                        StorageServices(
                            try DataFolder(beside: root, pool: pool, reserve: settings.diskReserveBytes)))
                }
            }
            let move = MoveBlobs(
                ["videos", "refused"], last: Installation.mark, from: places[0], to: places[1], scratch: folder)
            result = .success(
                try await move { progress in
                    guard progress.doneCount % 500 == 0 || progress.doneCount == progress.blobCount else { return }
                    report(
                        "\(progress.doneCount) of \(progress.blobCount) blobs, \(progress.doneByteCount >> 20) of "
                            + "\(progress.byteCount >> 20) MiB were moved")
                })
        } catch {
            result = .failure(error)
        }
        for place in places { await place.close() }
        scratch?.close()
        await pool.shutdown()
        await loops.shutdown()
        let rest = try result.get()
        guard rest.isEmpty else { throw ServerError.storageRest(words(for: rest)) }
    }

    private static func words(for rest: MoveBlobs.Rest) -> String {
        var words: [String] = []
        if !rest.uploads.isEmpty {
            words.append(
                "\(rest.uploads.count) uploads that began at the old place are not finished: call this again when they are, or when they have expired"
            )
        }
        if !rest.different.isEmpty {
            words.append(
                "\(rest.different.count) blobs are other ones at the new place, which is where servers take them from, and stay at the old one; look at them there, and remove those: "
                    + rest.different.prefix(10).map(\.description).joined(separator: ", "))
        }
        return words.joined(separator: "\n")
    }

    private static func tell(_ progress: CopyBlobs.Progress, _ report: (String) -> Void) {
        guard progress.doneCount % 500 == 0 || progress.doneCount == progress.blobCount else { return }
        report(
            "\(progress.doneCount) of \(progress.blobCount) blobs, \(progress.doneByteCount >> 20) of "
                + "\(progress.byteCount >> 20) MiB are there and alike; \(progress.broughtCount) were brought now")
    }
}
