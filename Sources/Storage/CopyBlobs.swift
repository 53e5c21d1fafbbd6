import Cryptography
import Glibc

/// Brings all blobs from one store to another. What is there already, byte by byte, is not brought again: so what was cut off
/// goes on.
public struct CopyBlobs: Sendable {
    public struct Progress: Sendable {
        public var blobCount = 0
        public var doneCount = 0
        public var byteCount = 0
        public var doneByteCount = 0
        /// Of those that are done: how many were brought by this call.
        public var broughtCount = 0
        /// The last of them; nil where it was removed before it was brought.
        public var last: BlobSum?
    }

    /// A blob is another one at its new place than at the old one.
    public struct Mismatch: Error, CustomStringConvertible {
        public let key: BlobKey
        public var description: String {
            "\(key) is not what it was when it is read at its new place; nothing was removed"
        }
    }

    private static let blobsAtOnce = 4

    private let source: any BlobStore
    private let target: any BlobStore
    private let scratch: DataFolder
    private let removesVerified: Bool
    private let isLive: Bool
    private let names: [BlobKey]

    /// - Parameters:
    ///   - names: of blobs, and of folders of blobs.
    ///   - scratch: where blobs are on their way; on the disk of the target, where that is a folder.
    ///   - removesVerified: each blob that is verified at its new place is removed at the old one.
    ///   - isLive: blobs may be removed at the old place meanwhile, and are left out then.
    public init(
        _ names: [BlobKey], from source: any BlobStore, to target: any BlobStore, scratch: DataFolder,
        removesVerified: Bool, isLive: Bool = false
    ) {
        self.isLive = isLive
        self.names = names
        self.source = source
        self.target = target
        self.scratch = scratch
        self.removesVerified = removesVerified
    }

    /// - Parameters:
    ///   - known: what need not be looked at.
    ///   - report: called after each blob.
    /// - Throws: `Mismatch`; `StorageError`.
    public func callAsFunction(except known: Set<BlobKey> = [], report: (Progress) -> Void) async throws {
        var entries: [BlobEntry] = []
        // bound: what is stored; a hundred bytes for each blob
        for name in names {
            entries += try await source.list(name)
            if let byteCount = try await source.size(of: name) {
                entries.append(BlobEntry(key: name, byteCount: byteCount, modified: 0))
            }
        }
        entries.removeAll { known.contains($0.key) }
        var progress = Progress(blobCount: entries.count, byteCount: entries.reduce(0) { $0 + $1.byteCount })
        func count(_ done: (byteCount: Int, brought: Brought?)) {
            progress.doneCount += 1
            progress.doneByteCount += done.byteCount
            if done.brought?.isNew == true { progress.broughtCount += 1 }
            progress.last = done.brought?.sum
            report(progress)
        }
        try await withThrowingTaskGroup(of: (Int, Brought?).self) { group in
            for (index, entry) in entries.enumerated() {
                if index >= Self.blobsAtOnce, let done = try await group.next() { count(done) }
                group.addTask { (entry.byteCount, try await bring(entry.key)) }
            }
            for try await done in group { count(done) }
        }
    }

    private struct Brought: Sendable {
        var sum: BlobSum
        /// False for what was there.
        var isNew: Bool
    }

    /// - Returns: nil for what was removed.
    private func bring(_ key: BlobKey) async throws -> Brought? {
        do {
            return try await bringWhole(key)
        } catch  where isLive {
            // Nothing else explains it, so it is no failure.
            guard try await !source.exists(key) else { throw error }
            return nil
        }
    }

    private func bringWhole(_ key: BlobKey) async throws -> Brought? {
        guard let wanted = try await source.sha256(of: key), let byteCount = try await source.size(of: key) else {
            return nil
        }
        let isNew = try await target.sha256(of: key) != wanted
        if isNew {
            let path = scratch.temporaryPath()
            defer { unlink(path) }
            try await fetch(key, byteCount, to: path, expecting: wanted)
            try await target.adopt(fileAt: path, as: key, sha256: wanted)
            guard try await target.sha256(of: key) == wanted else { throw Mismatch(key: key) }
        }
        if removesVerified { try await source.remove(key) }
        return Brought(sum: BlobSum(key: key, byteCount: byteCount, sha256: wanted), isNew: isNew)
    }

    private func fetch(_ key: BlobKey, _ byteCount: Int, to path: String, expecting wanted: [UInt8]) async throws {
        let (pool, space) = (scratch.pool, scratch.space)
        let file = try await pool.run { try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL) }
        let digest = SHA256()
        var end = 0
        try await source.read(key, 0..<byteCount) { piece in
            digest.update(piece)
            let start = end
            end += piece.count
            try await pool.run {
                try space.check(piece.count)
                try file.writeAll(piece, at: start)
            }
        }
        guard digest.value() == wanted else { throw Mismatch(key: key) }
    }
}
