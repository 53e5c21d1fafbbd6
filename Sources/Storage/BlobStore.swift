import Cryptography
import Reactor

/// A small blob with its bytes.
public struct Blob: Sendable {
    public let key: BlobKey
    public let bytes: [UInt8]

    public init(_ key: BlobKey, _ bytes: [UInt8]) {
        self.key = key
        self.bytes = bytes
    }
}

/// A blob as a list names it.
public struct BlobEntry: Sendable, Hashable {
    public let key: BlobKey
    public let byteCount: Int
    /// Seconds since 1970 by the clock of the store.
    public let modified: Int64
}

/// What a blob is, told by its checksum.
public struct BlobSum: Sendable, Hashable {
    public let key: BlobKey
    public let byteCount: Int
    public let sha256: [UInt8]

    public init(key: BlobKey, byteCount: Int, sha256: [UInt8]) {
        self.key = key
        self.byteCount = byteCount
        self.sha256 = sha256
    }
}

/// Blobs by key. A blob appears under its key whole or not at all, and what was stored is still there after a power cut.
public protocol BlobStore: Sendable {
    /// Other servers store here too: what has no row may be what one of them is about to name in a row.
    var isShared: Bool { get }

    /// Stores several small blobs at the price of one wait, in place of those of the same keys. On an error some may be
    /// there; each that is there is whole.
    func write(_ blobs: [Blob]) async throws

    /// Takes over a finished file of this machine in place of the blob of this key.
    ///
    /// - Parameter sha256: of the file, where it is known already.
    func adopt(fileAt file: String, as key: BlobKey, sha256: [UInt8]?) async throws

    /// Takes finished files of the workspace over: those of `first` are there before any of `rest` is. A key that has its
    /// blob keeps it, because somebody may have read it, and the new file is removed.
    ///
    /// - Returns: the size of what is there now under each key, in the order given.
    func adopt(_ first: [WorkFile], before rest: [WorkFile]) async throws -> [Int]

    /// Stores a finished file of this machine unless there is a blob of this key, which then stays. The file remains.
    ///
    /// - Returns: whether it was stored.
    func add(fileAt file: String, as key: BlobKey, sha256: [UInt8]) async throws -> Bool

    /// Nil where there is no blob of this name; a folder is none.
    func open(_ key: BlobKey) async throws -> BlobContent?

    /// The same of a blob that never changes once it is there: what is at hand is not compared with the store.
    func openFinal(_ key: BlobKey) async throws -> BlobContent?

    /// The same to be sent from where it lies, however large it is: nothing is copied to this machine first.
    func find(_ key: BlobKey) async throws -> StoredBlob?

    /// These are likely to be opened soon, and never change once they are there.
    func expect(_ keys: [BlobKey])

    /// Gives a part of a blob to `take`, piece by piece: at most 256 KiB at a time.
    ///
    /// - Throws: `StorageError.missing`; `outOfRange` where the blob ends before the range; what `take` throws.
    func read(_ key: BlobKey, _ range: Range<Int>, _ take: (_ piece: [UInt8]) async throws -> Void) async throws

    /// SHA-256 of what is stored; nil where there is no blob of this name.
    func sha256(of key: BlobKey) async throws -> [UInt8]?

    /// The size of each blob; nil for those that are not there.
    func sizes(of keys: [BlobKey]) async throws -> [Int?]

    /// All blobs below a folder, by name, without the ones being written.
    func list(_ folder: BlobKey) async throws -> [BlobEntry]

    /// Names directly in a folder, blobs and folders alike.
    func names(in folder: BlobKey) async throws -> [String]

    /// Gives a blob another name. A blob of that name is replaced.
    ///
    /// - Throws: `StorageError.missing`.
    func move(_ key: BlobKey, to target: BlobKey) async throws

    /// Removes a blob; none of this name is fine.
    func remove(_ key: BlobKey) async throws

    /// Removes a folder with all that is in it, or a blob; none of this name is fine.
    func removeTree(_ key: BlobKey) async throws

    /// A blob as a file of this machine, to be read until it is let go.
    func copy(of key: BlobKey) async throws -> LocalCopy

    /// The same of a large blob that is elsewhere, with those parts only that are asked for; nil where `copy` costs no more.
    func partialCopy(of key: BlobKey) async throws -> PartialCopy?
}

extension BlobStore {
    public func write(_ key: BlobKey, _ bytes: [UInt8]) async throws { try await write([Blob(key, bytes)]) }

    public func adopt(fileAt file: String, as key: BlobKey) async throws {
        try await adopt(fileAt: file, as: key, sha256: nil)
    }

    /// A part of a blob, or all of a small one.
    public func read(_ key: BlobKey, _ range: Range<Int>? = nil) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        let whole = 0..<(try await size(of: key) ?? 0)
        try await read(key, range ?? whole) { bytes += $0 }
        return bytes
    }

    /// By reading all of it.
    func hash(of key: BlobKey, _ byteCount: Int) async throws -> [UInt8] {
        let digest = SHA256()
        try await read(key, 0..<byteCount) { digest.update($0) }
        return digest.value()
    }

    public func size(of key: BlobKey) async throws -> Int? { try await sizes(of: [key]).first.flatMap { $0 } }

    public func exists(_ key: BlobKey) async throws -> Bool { try await size(of: key) != nil }
}

/// A blob to be read or sent. It stays readable, whatever becomes of its name.
public struct BlobContent: Sendable {
    public let file: OpenFile
    /// Of these bytes under this key: the same on all servers that share a store, and another one for other bytes.
    public let version: String

    public init(file: OpenFile, version: String) {
        self.file = file
        self.version = version
    }
}

/// A blob where it lies.
public struct StoredBlob: Sendable {
    public typealias Read =
        @Sendable (_ range: Range<Int>, _ take: (_ piece: [UInt8]) async throws -> Void) async throws -> Void

    public let byteCount: Int
    public let version: String
    /// Where it is a file of this machine.
    public let file: OpenFile?
    /// Gives a part of it, piece by piece.
    public let read: Read
}

/// A file of this machine as long as a blob, with those parts of it that somebody needed. All else reads as zeros.
public struct PartialCopy: Sendable {
    public let path: String
    public let byteCount: Int
    /// What is there by now.
    public let filled: @Sendable () -> RangeSet<Int>
    /// Brings what is not there of these.
    public let fill: @Sendable (_ ranges: RangeSet<Int>) async throws -> Void
    /// The file need not stay any longer.
    let release: @Sendable () -> Void
}

/// A blob as a file of this machine. Nobody but its store changes it.
public struct LocalCopy: Sendable {
    public let path: String
    /// The file need not stay any longer.
    let release: @Sendable () -> Void
}
