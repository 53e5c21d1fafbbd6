import BaseEncoding
import Cryptography
import Glibc

/// Brings all blobs from one place to another while servers use both (`MovingBlobStore`), and removes each at the old place when
/// it is verified at the new one. Whatever ends it, it goes on when it is called again.
///
/// A server may remove or replace a blob at any moment. What it wrote at the new place is never replaced from here. What it
/// removed while a copy was on its way is taken back: the old place is looked at once more when the copy has arrived, and a
/// note on this machine tells the next call of copies whose arrival was not seen.
public struct MoveBlobs: Sendable {
    public struct Progress: Sendable {
        public var blobCount = 0
        public var doneCount = 0
        public var byteCount = 0
        public var doneByteCount = 0
    }

    public struct Rest: Sendable, Equatable {
        /// These are other ones at the new place than at the old one, so that both stay.
        public var different: [BlobKey] = []
        /// That began at the old place, and end there before they can move.
        public var uploads: [String] = []

        public var isEmpty: Bool { different.isEmpty && uploads.isEmpty }
    }

    /// Another machine moves to the same place.
    public struct InUse: Error, CustomStringConvertible {
        public var description: String {
            "another machine moves blobs to the new place, or was ended while it did: go on there, where it is known what was on its way. If that machine is gone for good, remove \(MoveBlobs.claim) at the new place"
        }
    }

    /// Names the machine that moves.
    static let claim: BlobKey = "moving"
    private static let blobsAtOnce = 4

    private let old: any BlobStore
    private let new: any BlobStore
    private let scratch: DataFolder
    private let folders: [BlobKey]
    private let last: BlobKey
    /// Tests come between the steps.
    var reached: @Sendable (Step, BlobKey) async throws -> Void = { _, _ in }

    enum Step {
        case noted, added, compared
    }

    /// - Parameters:
    ///   - folders: of blobs.
    ///   - last: a blob that moves when all else is over.
    ///   - scratch: the same each time; on the disk of the new place, where that is a folder.
    public init(
        _ folders: [BlobKey], last: BlobKey, from old: StorageServices, to new: StorageServices, scratch: DataFolder
    ) {
        self.folders = folders
        self.last = last
        self.old = old.leavingBlobs
        self.new = new.blobs
        self.scratch = scratch
    }

    /// - Parameter report: called after each blob.
    /// - Returns: what could not be moved.
    /// - Throws: `InUse`; `StorageError`.
    public func callAsFunction(report: (Progress) -> Void) async throws -> Rest {
        try await claimPlace()
        try await takeBack()
        var rest = Rest()
        while true {
            // bound: what is stored; a hundred bytes for each blob
            var entries: [BlobEntry] = []
            for folder in folders { entries += try await old.list(folder) }
            rest.different = try await move(entries, report)
            // What a server had in hand may have come since.
            if rest.different.count == entries.count { break }
        }
        let begun = try await old.list("uploads").compactMap { $0.key.components.dropFirst().first.map(String.init) }
        rest.uploads = Set(begun).sorted()
        guard rest.isEmpty else { return rest }
        if try await move(last) == .different { rest.different = [last] }
        try await new.remove(Self.claim)
        return rest
    }

    /// - Returns: what stays.
    private func move(_ entries: [BlobEntry], _ report: (Progress) -> Void) async throws -> [BlobKey] {
        var progress = Progress(blobCount: entries.count, byteCount: entries.reduce(0) { $0 + $1.byteCount })
        var different: [BlobKey] = []
        func count(_ done: (BlobEntry, End)) {
            progress.doneCount += 1
            progress.doneByteCount += done.0.byteCount
            if done.1 == .different { different.append(done.0.key) }
            report(progress)
        }
        try await withThrowingTaskGroup(of: (BlobEntry, End).self) { group in
            for (index, entry) in entries.enumerated() {
                if index >= Self.blobsAtOnce, let done = try await group.next() { count(done) }
                group.addTask { (entry, try await move(entry.key)) }
            }
            for try await done in group { count(done) }
        }
        return different.sorted()
    }

    private enum End {
        case moved, gone, different
    }

    private func move(_ key: BlobKey) async throws -> End {
        guard let found = try await old.find(key) else { return .gone }
        let wanted: [UInt8]
        do {
            guard let hash = try await old.sha256(of: key) else { return .gone }
            wanted = hash
            if try await new.sha256(of: key) == nil {
                let copy = try await old.copy(of: key)
                defer { copy.release() }
                try await bring(copy, key, wanted)
            }
        } catch StorageError.missing {
            // Somebody removed it while it was read.
            return .gone
        }
        guard try await old.find(key)?.version == found.version else { return .gone }
        guard try await new.sha256(of: key) == wanted else {
            // Removed at both places, or written anew.
            return try await old.find(key) == nil ? .gone : .different
        }
        try await reached(.compared, key)
        try await old.remove(key)
        return .moved
    }

    private func bring(_ copy: LocalCopy, _ key: BlobKey, _ wanted: [UInt8]) async throws {
        let note = "\(scratch.temporaryPath())\(Self.noteEnding)"
        try await scratch.pool.run {
            try WorkFile.write(Array("\(key)\n\(Hex.encode(wanted))\n".utf8), to: note)
        }
        try await reached(.noted, key)
        let isNew: Bool
        do { isNew = try await new.add(fileAt: copy.path, as: key, sha256: wanted) } catch {
            try await takeBack(key, wanted)
            throw error
        }
        try await reached(.added, key)
        if isNew { try await takeBack(key, wanted) }
        // For good, before the blob is gone at the old place: or else its only copy would be taken back after a power cut.
        try await scratch.pool.run { [scratch] in
            unlink(note)
            try Folder.synchronize(scratch.incoming)
        }
    }

    // MARK: What others removed meanwhile

    private static let noteEnding = ".note"

    /// Copies of an earlier call whose arrival it did not see.
    private func takeBack() async throws {
        let notes = try await scratch.pool.run { [scratch] in
            try Folder.entries(scratch.incoming).map(\.name).filter { $0.hasSuffix(Self.noteEnding) }.map { name in
                let file = try Descriptor(opening: "\(scratch.incoming)/\(name)", O_RDONLY)
                return (file.path, try file.readAll())
            }
        }
        for (path, bytes) in notes {
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            if lines.count == 2, let key = BlobKey(String(lines[0])), let hash = Hex.decode(String(lines[1])) {
                try await takeBack(key, hash)
            }
            unlink(path)
        }
        try await scratch.pool.run { [scratch] in _ = try scratch.sweepLeftovers(work: []) }
    }

    /// The old place is asked first: what is written after it is gone there is somebody else's.
    private func takeBack(_ key: BlobKey, _ hash: [UInt8]) async throws {
        guard try await old.find(key) == nil, try await new.sha256(of: key) == hash else { return }
        try await new.remove(key)
    }

    // MARK: One at a time

    /// Two who moved the same would take back what the other one brought.
    private func claimPlace() async throws {
        let path = scratch.path(of: Self.claim)
        let own = try await scratch.pool.run { [scratch] in
            if scratch.size(of: Self.claim) == nil {
                let name = "\(scratch.temporaryPath())"
                try WorkFile.write(Array(Hex.encode(Random.bytes(16)).utf8), to: name)
                try scratch.publish(name, as: Self.claim)
            }
            return try Descriptor(opening: path, O_RDONLY).readAll()
        }
        if try await new.add(fileAt: path, as: Self.claim, sha256: SHA256.hash(own)) { return }
        guard try await new.read(Self.claim) == own else { throw InUse() }
    }
}
