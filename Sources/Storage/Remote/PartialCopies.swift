import Glibc
import Reactor
import S3
import Synchronization

/// Files with holes, of large blobs of which little is needed at a time. One is kept for each blob, so that nothing is fetched
/// twice; they count as a part of the cache.
final class PartialCopies: Sendable {
    /// Below this a blob is fetched whole.
    private static let leastByteCount = 16 << 20
    /// So small a hole is not worth a request of its own.
    private static let smallestHole = 256 << 10

    private struct Copy {
        var path: String
        var object: S3Object
        var filled = RangeSet<Int>()
        // bound: the blob
        var byteCount = 0
        var users = 0
        var lastUse: UInt64 = 0
    }

    private struct State {
        // bound: `mostBytes`, and what is in use
        var copies: [BlobKey: Copy] = [:]
        var uses: UInt64 = 0
    }

    private let folder: DataFolder
    private let root: String
    private let mostBytes: Int
    private let client: S3Client
    private let cache: BlobCache
    private let state = Mutex(State())

    /// What an earlier run left is of no use: nobody knows what is in it. Blocks; for the start.
    init(_ folder: DataFolder, mostBytes: Int, _ client: S3Client, _ cache: BlobCache) throws {
        self.folder = folder
        self.mostBytes = mostBytes
        self.client = client
        self.cache = cache
        root = "\(cache.root)-parts"
        try Folder.remove(root)
        try Folder.make(root)
    }

    func copy(of key: BlobKey, _ object: S3Object) async throws -> PartialCopy? {
        guard object.byteCount >= Self.leastByteCount else { return nil }
        if state.withLock({ $0.copies[key]?.object.etag != object.etag }) {
            let path = "\(root)/\(String(UInt64.random(in: 0 ... .max), radix: 36))"
            try await folder.pool.run {
                try Descriptor(opening: path, O_RDWR | O_CREAT | O_EXCL).truncate(to: object.byteCount)
            }
            let old = state.withLock { $0.copies.updateValue(Copy(path: path, object: object), forKey: key) }
            // Whoever reads it has it open.
            if let old { unlink(old.path) }
        }
        guard let path = use(key, object) else { return nil }
        return PartialCopy(path: path, byteCount: object.byteCount) { [self] in
            state.withLock { $0.copies[key].flatMap { $0.path == path ? $0.filled : nil } ?? RangeSet() }
        } fill: { [self] ranges in
            try await fill(key, path, object, ranges)
        } release: { [self] in
            let trash = state.withLock { state in
                if state.copies[key]?.path == path { state.copies[key]?.users -= 1 }
                return makeRoom(in: &state)
            }
            for path in trash { unlink(path) }
            account()
        }
    }

    private func use(_ key: BlobKey, _ object: S3Object) -> String? {
        state.withLock { state in
            guard let copy = state.copies[key], copy.object.etag == object.etag else { return nil }
            state.uses += 1
            state.copies[key]?.lastUse = state.uses
            state.copies[key]?.users += 1
            return copy.path
        }
    }

    private func fill(_ key: BlobKey, _ path: String, _ object: S3Object, _ ranges: RangeSet<Int>) async throws {
        var missing = ranges.intersection(RangeSet(0..<object.byteCount))
        // The blob was replaced meanwhile.
        guard let there = state.withLock({ $0.copies[key].flatMap { $0.path == path ? $0.filled : nil } }) else {
            throw StorageError.missing(key)
        }
        missing.subtract(there)
        for range in Self.joined(missing) {
            let space = folder.space
            try await folder.pool.run { try space.check(range.count) }
            do { try await client.download("\(key)", range, of: object, to: path, at: range.lowerBound) } catch let
                error
                as S3Error
            { throw StorageError(error, key) }
            state.withLock { state in
                guard var copy = state.copies[key], copy.path == path else { return }
                copy.filled.formUnion(RangeSet(range))
                copy.byteCount = copy.filled.ranges.reduce(0) { $0 + $1.count }
                state.copies[key] = copy
            }
        }
        account()
    }

    /// What is fetched at once.
    private static func joined(_ missing: RangeSet<Int>) -> [Range<Int>] {
        missing.ranges.reduce(into: []) { joined, range in
            if let last = joined.last, range.lowerBound - last.upperBound < smallestHole {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
    }

    private func account() {
        cache.keepBesides(state.withLock { $0.copies.values.reduce(0) { $0 + $1.byteCount } })
    }

    /// What was used longest ago goes.
    ///
    /// - Returns: files to be removed.
    private func makeRoom(in state: inout State) -> [String] {
        var byteCount = state.copies.values.reduce(0) { $0 + $1.byteCount }
        var trash: [String] = []
        for (key, copy) in state.copies.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where copy.users == 0 {
            guard byteCount > mostBytes else { break }
            byteCount -= copy.byteCount
            state.copies[key] = nil
            trash.append(copy.path)
        }
        return trash
    }
}
