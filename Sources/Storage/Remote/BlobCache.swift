import Glibc
import Reactor
import Synchronization

/// Copies of blobs that are elsewhere, on the local disk: what was asked for last, at most so many bytes. What is in use
/// stays, and counts.
///
/// A copy is a file `{key with + for /}~{version}` of one folder. It is written under another name, synced and renamed, so
/// that whatever is there is whole; the next start finds it again.
final class BlobCache: Sendable {
    /// Brings a blob into a file that is not there yet.
    ///
    /// - Returns: its version; nil where there is no such blob.
    typealias Fetch = @Sendable (_ path: String) async throws -> String?

    private struct Entry {
        var version: String
        var byteCount: Int
        var lastUse: UInt64
    }

    private struct State {
        // bound: `mostBytes`
        var entries: [BlobKey: Entry] = [:]
        var byteCount = 0
        /// What else is kept on its account.
        var besides = 0
        var fetchCount = 0
        var uses: UInt64 = 0
        /// How many need the file of a key, which may still have to be fetched.
        var pins: [BlobKey: Int] = [:]
        var fetching: [BlobKey: Task<BlobContent?, any Error>] = [:]
        /// What was forgotten while it was being fetched, so that it may be old.
        // bound: those being fetched
        var outdated: Set<BlobKey> = []
    }

    /// How often a blob is fetched for one who needs it as a file, when it is replaced each time.
    private static let mostTries = 3

    private let folder: DataFolder
    let root: String
    private let mostBytes: Int
    private let state = Mutex(State())

    /// Finds what an earlier run left. Blocks; for the start.
    init(_ folder: DataFolder, _ name: BlobKey = "cache", mostBytes: Int) throws {
        self.folder = folder
        self.mostBytes = mostBytes
        root = folder.path(of: name)
        try Folder.make(root)
        for entry in try Folder.entries(root) {
            guard !entry.isFolder, let (key, version) = Self.parse(entry.name), !knows(key) else {
                try Folder.remove("\(root)/\(entry.name)")
                continue
            }
            state.withLock { Self.keep(key, Entry(version: version, byteCount: entry.byteCount, lastUse: 0), in: &$0) }
        }
        discard(state.withLock { makeRoom(in: &$0) })
    }

    /// Bytes that are kept now.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// How many were fetched since the start.
    var fetchCount: Int { state.withLock { $0.fetchCount } }

    func knows(_ key: BlobKey) -> Bool { state.withLock { $0.entries[key] != nil } }

    /// A blob, open. What is not here is fetched, once for all who ask at the same time.
    ///
    /// - Parameter version: nil where any will do, because the blob never changes.
    func content(of key: BlobKey, version: String?, fetch: @escaping Fetch) async throws -> BlobContent? {
        if let known = use(key, version) {
            let path = path(of: key, known)
            let file = try await folder.pool.run { try? OpenFile(path: path) }
            if let file { return BlobContent(file: file, version: known) }
            // Somebody tidied up in the folder.
            drop(key, known)
        }
        let content = try await fetchOnce(key, fetch)
        guard let version, let content, content.version != version else { return content }
        // Others had begun to fetch an older one.
        return try await fetchOnce(key, fetch)
    }

    /// A blob as a file that stays until it is let go.
    ///
    /// - Throws: `StorageError.missing`.
    func copy(of key: BlobKey, version: String, fetch: @escaping Fetch) async throws -> LocalCopy {
        state.withLock { $0.pins[key, default: 0] += 1 }
        do {
            for _ in 0..<Self.mostTries {
                guard let content = try await content(of: key, version: version, fetch: fetch) else { break }
                let path = path(of: key, content.version)
                if try await folder.pool.run({ access(path, R_OK) == 0 }) {
                    return LocalCopy(path: path) { [self] in unpin(key) }
                }
                // It was replaced while it was fetched.
            }
            throw StorageError.missing(key)
        } catch {
            unpin(key)
            throw error
        }
    }

    /// Takes a finished file over that has just become a blob. Blocks.
    func take(_ path: String, as key: BlobKey, version: String) {
        guard let file = try? OpenFile(path: path) else { return }
        keep(path, as: key, Entry(version: version, byteCount: file.byteCount, lastUse: 0))
    }

    /// So much is kept besides, and takes room away.
    func keepBesides(_ byteCount: Int) {
        discard(
            state.withLock { state in
                state.besides = byteCount
                return makeRoom(in: &state)
            })
    }

    /// A blob was removed or replaced.
    func forget(_ isMeant: (BlobKey) -> Bool) {
        discard(
            state.withLock { state in
                state.outdated.formUnion(state.fetching.keys.filter(isMeant))
                return state.entries.keys.filter(isMeant).compactMap { remove($0, from: &state) }
            })
    }

    private func fetchOnce(_ key: BlobKey, _ fetch: @escaping Fetch) async throws -> BlobContent? {
        let task = state.withLock { state in
            if let running = state.fetching[key] { return running }
            state.fetchCount += 1
            // Of its own, because others may wait for it when whoever asked first is gone.
            let task = Task { [self] in
                defer {
                    self.state.withLock { state in
                        state.fetching[key] = nil
                        state.outdated.remove(key)
                    }
                }
                return try await fetchNow(key, fetch)
            }
            state.fetching[key] = task
            return task
        }
        return try await task.value
    }

    private func fetchNow(_ key: BlobKey, _ fetch: Fetch) async throws -> BlobContent? {
        let temporary = folder.temporaryPath()
        do {
            guard let version = try await fetch(temporary) else {
                unlink(temporary)
                return nil
            }
            return try await folder.pool.run { [self] in
                try Descriptor(opening: temporary, O_RDONLY).synchronize()
                let file = try OpenFile(path: temporary)
                keep(
                    temporary, as: key, Entry(version: version, byteCount: file.byteCount, lastUse: 0), isFetched: true)
                return BlobContent(file: file, version: version)
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Blocks.
    private func keep(_ temporary: String, as key: BlobKey, _ entry: Entry, isFetched: Bool = false) {
        let trash = state.withLock { state -> [String] in
            var trash = [temporary]
            if isFetched, state.outdated.contains(key) { return trash }
            if let old = remove(key, from: &state) { trash.append(old) }
            guard rename(temporary, path(of: key, entry.version)) == 0 else { return trash }
            trash.removeFirst()
            Self.keep(key, entry, in: &state)
            return trash + makeRoom(in: &state)
        }
        discard(trash)
    }

    private static func keep(_ key: BlobKey, _ entry: Entry, in state: inout State) {
        state.uses += 1
        var entry = entry
        entry.lastUse = state.uses
        state.entries[key] = entry
        state.byteCount += entry.byteCount
    }

    /// What was asked for longest ago goes, a little more than must: so it is looked for seldom.
    ///
    /// - Returns: files to be removed.
    private func makeRoom(in state: inout State) -> [String] {
        guard state.byteCount + state.besides > mostBytes else { return [] }
        var trash: [String] = []
        for key in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }).map(\.key)
        where state.pins[key] == nil {
            if let path = remove(key, from: &state) { trash.append(path) }
            if state.byteCount + state.besides <= mostBytes / 16 * 15 { break }
        }
        return trash
    }

    /// Takes the name away at once: the key may be fetched again before the bytes are gone.
    ///
    /// - Returns: what is left to be removed.
    private func remove(_ key: BlobKey, from state: inout State) -> String? {
        guard let entry = state.entries.removeValue(forKey: key) else { return nil }
        state.byteCount -= entry.byteCount
        let trash = folder.temporaryPath()
        return rename(path(of: key, entry.version), trash) == 0 ? trash : nil
    }

    private func discard(_ trash: [String]) { for path in trash { unlink(path) } }

    private func use(_ key: BlobKey, _ version: String?) -> String? {
        state.withLock { state in
            guard let entry = state.entries[key], version == nil || version == entry.version else { return nil }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return entry.version
        }
    }

    private func drop(_ key: BlobKey, _ version: String) {
        state.withLock { state in
            if state.entries[key]?.version == version { _ = remove(key, from: &state) }
        }
    }

    private func unpin(_ key: BlobKey) {
        discard(
            state.withLock { state in
                let count = (state.pins[key] ?? 1) - 1
                state.pins[key] = count > 0 ? count : nil
                return makeRoom(in: &state)
            })
    }

    private func path(of key: BlobKey, _ version: String) -> String {
        "\(root)/\(String(key.description.map { $0 == "/" ? "+" : $0 }))~\(version)"
    }

    private static func parse(_ name: String) -> (BlobKey, version: String)? {
        let parts = name.split(separator: "~", omittingEmptySubsequences: false)
        guard parts.count == 2, let key = BlobKey(String(parts[0].map { $0 == "+" ? "/" : $0 })) else { return nil }
        return (key, String(parts[1]))
    }
}
