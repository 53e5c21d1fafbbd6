import Glibc
import Synchronization

/// Room for work on this machine's disk: folders of tasks, and blobs as files for programs that read nothing else.
public final class Workspace: Sendable {
    let folder: DataFolder
    private let blobs: any BlobStore
    /// By the task's folder: the copies that stay as long as it does.
    private let copies = Mutex<[BlobKey: [BlobKey: LocalCopy]]>([:])
    private let parts = Mutex<[BlobKey: [PartialCopy]]>([:])

    public init(_ folder: DataFolder, blobs: any BlobStore) {
        self.folder = folder
        self.blobs = blobs
    }

    /// Processes of other servers work here, too.
    public var isShared: Bool { folder.isShared }

    /// An empty folder for a task's files; what was there before is removed. Returns its path.
    public func makeFolder(_ key: BlobKey) async throws -> String {
        try await folder.pool.run { [folder] in
            let path = folder.path(of: key)
            try Folder.remove(path)
            try Folder.make(path)
            return path
        }
    }

    /// Removes a task's folder and lets go of the blobs that were fetched for it; none of this name is fine.
    public func removeFolder(_ key: BlobKey) async throws {
        let ended = copies.withLock { $0.removeValue(forKey: key) } ?? [:]
        for copy in ended.values { copy.release() }
        for copy in parts.withLock({ $0.removeValue(forKey: key) ?? [] }) { copy.release() }
        try await folder.pool.run { [folder] in try folder.removeTree(key) }
    }

    /// Names directly in a folder.
    public func names(in key: BlobKey) async throws -> [String] {
        try await folder.pool.run { [folder] in try folder.names(in: key) }
    }

    /// The path of a blob's copy on this machine, which may be the blob itself: read it, never write to it. It stays until
    /// the task's folder is removed.
    public func fetch(_ key: BlobKey, for task: BlobKey) async throws -> String {
        if let known = copies.withLock({ $0[task]?[key] }) { return known.path }
        let copy = try await blobs.copy(of: key)
        let other = copies.withLock { $0[task, default: [:]].updateValue(copy, forKey: key) }
        other?.release()
        return copy.path
    }

    /// A file for those parts of a blob that the task needs, until its folder is removed; nil where `fetch` costs no more.
    public func fetchInParts(_ key: BlobKey, for task: BlobKey) async throws -> PartialCopy? {
        if copies.withLock({ $0[task]?[key] }) != nil { return nil }
        guard let copy = try await blobs.partialCopy(of: key) else { return nil }
        parts.withLock { $0[task, default: []].append(copy) }
        return copy
    }

    /// The same for as long as `body` takes.
    public func withCopy<Value>(of key: BlobKey, _ body: (_ path: String) async throws -> Value) async throws -> Value {
        let copy = try await blobs.copy(of: key)
        defer { copy.release() }
        return try await body(copy.path)
    }

    /// Bytes that may still be stored on this machine.
    public func usableSpace() async throws -> Int {
        try await folder.pool.run { [folder] in try folder.space.usable() }
    }

    /// Throws `noSpace` unless this much can be stored on this machine now.
    public func requireSpace(_ byteCount: Int) async throws {
        guard try await usableSpace() >= byteCount else { throw StorageError.noSpace }
    }
}
