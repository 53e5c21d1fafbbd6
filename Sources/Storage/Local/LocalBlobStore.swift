import Glibc
import Reactor

/// Blobs as files of the local disk.
public struct LocalBlobStore: BlobStore {
    let folder: DataFolder
    /// Blobs may go while programs are given their paths: each gets a name of its own.
    private let linksCopies: Bool

    public init(_ folder: DataFolder) { self.init(folder, linksCopies: false) }

    init(_ folder: DataFolder, linksCopies: Bool) {
        self.folder = folder
        self.linksCopies = linksCopies
    }

    public var isShared: Bool { folder.isShared }

    public func open(_ key: BlobKey) async throws -> BlobContent? {
        try await folder.pool.run {
            try openBlocking(key).map { file in
                // When it was last changed, and its length.
                let changed = String(UInt64(bitPattern: file.modifiedNanoseconds), radix: 16)
                return BlobContent(file: file, version: "\(changed)-\(String(file.byteCount, radix: 16))")
            }
        }
    }

    public func openFinal(_ key: BlobKey) async throws -> BlobContent? { try await open(key) }

    public func find(_ key: BlobKey) async throws -> StoredBlob? {
        try await open(key).map { content in
            StoredBlob(byteCount: content.file.byteCount, version: content.version, file: content.file) { range, take in
                try await read(content.file, range, take)
            }
        }
    }

    /// All is at hand.
    public func expect(_ keys: [BlobKey]) {}

    private func openBlocking(_ key: BlobKey) throws -> OpenFile? {
        do {
            return try OpenFile(path: folder.path(of: key))
        } catch let error as SystemError where [ENOENT, ENOTDIR, EISDIR].contains(error.code) {
            return nil
        }
    }

    public func read(
        _ key: BlobKey, _ range: Range<Int>, _ take: (_ piece: [UInt8]) async throws -> Void
    ) async throws {
        guard let file = try await folder.pool.run({ try openBlocking(key) }) else { throw StorageError.missing(key) }
        guard range.upperBound <= file.byteCount else { throw StorageError.outOfRange(key) }
        try await read(file, range, take)
    }

    private func read(
        _ file: OpenFile, _ range: Range<Int>, _ take: (_ piece: [UInt8]) async throws -> Void
    ) async throws {
        let step = 256 << 10
        for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            try Task.checkCancellation()
            let piece = start..<min(start + step, range.upperBound)
            try await take(try await folder.pool.run { try file.read(piece) })
        }
    }

    public func sha256(of key: BlobKey) async throws -> [UInt8]? {
        guard let byteCount = try await size(of: key) else { return nil }
        return try await hash(of: key, byteCount)
    }

    public func sizes(of keys: [BlobKey]) async throws -> [Int?] {
        try await folder.pool.run { [folder] in keys.map(folder.size) }
    }

    public func list(_ folder: BlobKey) async throws -> [BlobEntry] {
        try await self.folder.pool.run { try entries(below: folder) }
    }

    public func names(in folder: BlobKey) async throws -> [String] {
        try await self.folder.pool.run { [self] in try self.folder.names(in: folder) }
    }

    /// The blob itself: what is open stays readable, whatever becomes of its name.
    public func copy(of key: BlobKey) async throws -> LocalCopy {
        let path = folder.path(of: key)
        guard linksCopies else { return LocalCopy(path: path) {} }
        let name = folder.temporaryPath()
        return try await folder.pool.run {
            guard link(path, name) != 0 else { return LocalCopy(path: name) { unlink(name) } }
            if errno == ENOENT { throw StorageError.missing(key) }
            // A file system without further names.
            return LocalCopy(path: path) {}
        }
    }

    /// All is at hand.
    public func partialCopy(of key: BlobKey) async throws -> PartialCopy? { nil }

    private func entries(below folder: BlobKey) throws(StorageError) -> [BlobEntry] {
        var found: [BlobEntry] = []
        for entry in try Folder.entries(self.folder.path(of: folder)) {
            guard let key = folder.appending(name: entry.name) else { continue }
            if entry.isFolder {
                found += try entries(below: key)
            } else {
                found.append(BlobEntry(key: key, byteCount: entry.byteCount, modified: entry.modified))
            }
        }
        return found
    }
}
