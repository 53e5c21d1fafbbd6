import Reactor
import S3
import Synchronization

/// Blobs as objects of a bucket that several servers share. What is read stays on the local disk for a while.
public struct S3BlobStore: BlobStore {
    let client: S3Client
    let folder: DataFolder
    let cache: BlobCache
    private let parts: PartialCopies
    private let ahead = ReadAhead()

    /// - Parameter cacheByteCount: what copies of blobs may take on the local disk. Blocks; for the start.
    public init(_ client: S3Client, folder: DataFolder, cacheByteCount: Int, cache name: BlobKey = "cache") throws {
        self.client = client
        self.folder = folder
        cache = try BlobCache(folder, name, mostBytes: cacheByteCount)
        parts = try PartialCopies(folder, mostBytes: cacheByteCount / 2, client, cache)
    }

    public var isShared: Bool { true }

    public func open(_ key: BlobKey) async throws -> BlobContent? {
        guard let object = try await head(key) else { return nil }
        return try await cache.content(of: key, version: object.version, fetch: fetch(key, of: object))
    }

    public func openFinal(_ key: BlobKey) async throws -> BlobContent? {
        try await cache.content(of: key, version: nil, fetch: fetch(key))
    }

    public func find(_ key: BlobKey) async throws -> StoredBlob? {
        guard let object = try await head(key) else { return nil }
        return StoredBlob(byteCount: object.byteCount, version: object.version, file: nil) { range, take in
            try await read(key, range, of: object, take)
        }
    }

    public func expect(_ keys: [BlobKey]) {
        for key in keys where !cache.knows(key) {
            ahead.run { [self] in _ = try? await openFinal(key) }
        }
    }

    public func read(
        _ key: BlobKey, _ range: Range<Int>, _ take: (_ piece: [UInt8]) async throws -> Void
    ) async throws {
        try await read(key, range, of: nil, take)
    }

    private func read(
        _ key: BlobKey, _ range: Range<Int>, of known: S3Object?, _ take: (_ piece: [UInt8]) async throws -> Void
    ) async throws {
        do { try await client.read("\(key)", range, of: known, take) } catch let error as S3Error {
            throw StorageError(error, key)
        }
    }

    /// The server looked at it when it was stored; of what was stored in parts it may know none.
    public func sha256(of key: BlobKey) async throws -> [UInt8]? {
        guard let object = try await head(key) else { return nil }
        if let known = object.sha256 { return known }
        return try await hash(of: key, object.byteCount)
    }

    public func sizes(of keys: [BlobKey]) async throws -> [Int?] {
        try await some(keys) { key in try await head(key)?.byteCount }
    }

    public func list(_ folder: BlobKey) async throws -> [BlobEntry] {
        var entries: [BlobEntry] = []
        try await eachPage(below: folder) { objects in
            entries += objects.compactMap { object in
                BlobKey(object.key).map {
                    BlobEntry(key: $0, byteCount: object.byteCount, modified: Int64(object.modified ?? 0))
                }
            }
        }
        return entries.sorted { $0.key < $1.key }
    }

    public func names(in folder: BlobKey) async throws -> [String] {
        var names: Set<String> = []
        var cursor: S3Cursor?
        repeat {
            let page = try await asking(folder) { try await client.names(below: "\(folder)/", from: cursor) }
            names.formUnion(page.items.compactMap { BlobKey($0)?.lastComponent })
            cursor = page.next
        } while cursor != nil
        return names.sorted()
    }

    public func copy(of key: BlobKey) async throws -> LocalCopy {
        guard let object = try await head(key) else { throw StorageError.missing(key) }
        let space = folder.space
        if !cache.knows(key) { try await folder.pool.run { try space.check(object.byteCount) } }
        return try await cache.copy(of: key, version: object.version, fetch: fetch(key, of: object))
    }

    public func partialCopy(of key: BlobKey) async throws -> PartialCopy? {
        guard !cache.knows(key) else { return nil }
        guard let object = try await head(key) else { throw StorageError.missing(key) }
        return try await parts.copy(of: key, object)
    }

    private func fetch(_ key: BlobKey, of known: S3Object? = nil) -> BlobCache.Fetch {
        { [client] path in
            do {
                return try await client.download("\(key)", of: known, to: path).version
            } catch let error as S3Error {
                if error.code == .noSuchKey { return nil }
                throw StorageError(error, key)
            }
        }
    }

    func head(_ key: BlobKey) async throws -> S3Object? { try await asking(key) { try await client.head("\(key)") } }

    func asking<T>(_ key: BlobKey, _ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as S3Error { throw StorageError(error, key) }
    }

    func eachPage(below folder: BlobKey, _ body: ([S3Object]) async throws -> Void) async throws {
        var cursor: S3Cursor?
        repeat {
            let page = try await asking(folder) { try await client.list(below: "\(folder)/", from: cursor) }
            try await body(page.items)
            cursor = page.next
        } while cursor != nil
    }

    /// How many requests are under way at a time for one call.
    private static let requestsAtOnce = 8

    /// Asks for all, some at a time; the answers come in the order of the questions.
    func some<Question: Sendable, Answer: Sendable>(
        _ questions: [Question], _ ask: @escaping @Sendable (Question) async throws -> Answer
    ) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            var answers = [Answer?](repeating: nil, count: questions.count)
            for (index, question) in questions.enumerated() {
                if index >= Self.requestsAtOnce, let (place, answer) = try await group.next() {
                    answers[place] = answer
                }
                group.addTask { (index, try await ask(question)) }
            }
            for try await (place, answer) in group { answers[place] = answer }
            return answers.compactMap(\.self)
        }
    }
}

/// What is fetched before anybody asks for it: a few at a time, and what is too much is left out.
private final class ReadAhead: Sendable {
    private static let most = 8
    private let running = Mutex(0)

    func run(_ work: @escaping @Sendable () async -> Void) {
        let mayRun = running.withLock { count in
            guard count < Self.most else { return false }
            count += 1
            return true
        }
        guard mayRun else { return }
        // Whoever is read ahead for does not wait for it.
        Task { [self] in
            await work()
            running.withLock { $0 -= 1 }
        }
    }
}

extension S3Object {
    /// Its tag, as it can stand in the name of a file.
    var version: String {
        String(
            etag.utf8.lazy.filter { $0 != UInt8(ascii: "\"") }.prefix(100).map { byte -> Character in
                let scalar = UnicodeScalar(byte)
                let isPlain = byte < 0x80 && (Character(scalar).isLetter || Character(scalar).isNumber || byte == 0x2D)
                return isPlain ? Character(scalar) : "_"
            })
    }
}

extension StorageError {
    init(_ error: S3Error, _ key: BlobKey) {
        self =
            switch error.code {
            case .noSuchKey: .missing(key)
            case .wrongSize where error.status == nil: .outOfRange(key)
            default: .unavailable("\(error)")
            }
    }
}
