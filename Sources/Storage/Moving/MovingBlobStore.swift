/// Blobs of a storage that moves: what is new goes to the first place, and what is not there yet is at the second.
///
/// `MoveBlobs` brings it over meanwhile, and others may have the two places the other way round. So:
/// - a blob that moves is at its new place before it is gone at the old one: whoever looks here, there and here again meets it;
/// - what is replaced is written first and then removed at the second place;
/// - what is removed goes at the second place first: whoever brings it over looks there once more when it has arrived.
struct MovingBlobStore: BlobStore {
    let first: any BlobStore
    let second: any BlobStore

    var isShared: Bool { first.isShared || second.isShared }

    // MARK: Reading

    private func look<Found>(_ ask: (any BlobStore) async throws -> Found?) async throws -> Found? {
        if let found = try await ask(first) { return found }
        if let found = try await ask(second) { return found }
        return try await ask(first)
    }

    func open(_ key: BlobKey) async throws -> BlobContent? { try await look { try await $0.open(key) } }

    func openFinal(_ key: BlobKey) async throws -> BlobContent? { try await look { try await $0.openFinal(key) } }

    func find(_ key: BlobKey) async throws -> StoredBlob? {
        guard let found = try await look({ try await $0.find(key) }), found.file == nil else {
            return try await look { try await $0.find(key) }
        }
        return StoredBlob(byteCount: found.byteCount, version: found.version, file: nil) { range, take in
            try await read(key, range, take)
        }
    }

    func expect(_ keys: [BlobKey]) {
        first.expect(keys)
        second.expect(keys)
    }

    /// It may move in the middle.
    func read(
        _ key: BlobKey, _ range: Range<Int>, _ take: (_ piece: [UInt8]) async throws -> Void
    ) async throws {
        var start = range.lowerBound
        for store in [first, second] {
            do {
                return try await store.read(key, start..<range.upperBound) { piece in
                    try await take(piece)
                    start += piece.count
                }
            } catch StorageError.missing {}
        }
        try await first.read(key, start..<range.upperBound, take)
    }

    func sha256(of key: BlobKey) async throws -> [UInt8]? { try await look { try await $0.sha256(of: key) } }

    func sizes(of keys: [BlobKey]) async throws -> [Int?] {
        var sizes = try await first.sizes(of: keys)
        for store in [second, first] {
            let missing = sizes.indices.filter { sizes[$0] == nil }
            guard !missing.isEmpty else { break }
            for (place, size) in zip(missing, try await store.sizes(of: missing.map { keys[$0] })) {
                sizes[place] = size
            }
        }
        return sizes
    }

    /// The second place first, so that what moves meanwhile is on one list at least.
    func list(_ folder: BlobKey) async throws -> [BlobEntry] {
        var found: [BlobKey: BlobEntry] = [:]
        for store in [second, first] {
            for entry in try await store.list(folder) { found[entry.key] = entry }
        }
        return found.values.sorted { $0.key < $1.key }
    }

    func names(in folder: BlobKey) async throws -> [String] {
        let there = try await second.names(in: folder)
        return Set(there).union(try await first.names(in: folder)).sorted()
    }

    func copy(of key: BlobKey) async throws -> LocalCopy {
        let found = try await look { store -> LocalCopy? in
            guard try await store.size(of: key) != nil else { return nil }
            do { return try await store.copy(of: key) } catch StorageError.missing { return nil }
        }
        guard let found else { throw StorageError.missing(key) }
        return found
    }

    func partialCopy(of key: BlobKey) async throws -> PartialCopy? {
        try await first.exists(key) ? try await first.partialCopy(of: key) : nil
    }

    // MARK: Changing

    func write(_ blobs: [Blob]) async throws {
        try await first.write(blobs)
        for blob in blobs { try await second.remove(blob.key) }
    }

    func adopt(fileAt file: String, as key: BlobKey, sha256: [UInt8]?) async throws {
        try await first.adopt(fileAt: file, as: key, sha256: sha256)
        try await second.remove(key)
    }

    func adopt(_ files: [WorkFile], before rest: [WorkFile]) async throws -> [Int] {
        let all = files + rest
        var sizes = try await sizes(of: all.map(\.key))
        let new = all.indices.filter { sizes[$0] == nil }
        let made = try await first.adopt(
            new.filter { $0 < files.count }.map { all[$0] }, before: new.filter { $0 >= files.count }.map { all[$0] })
        for (place, size) in zip(new, made) { sizes[place] = size }
        return sizes.map { $0 ?? 0 }
    }

    func add(fileAt file: String, as key: BlobKey, sha256: [UInt8]) async throws -> Bool {
        guard try await size(of: key) == nil else { return false }
        return try await first.add(fileAt: file, as: key, sha256: sha256)
    }

    func move(_ key: BlobKey, to target: BlobKey) async throws {
        do {
            try await first.move(key, to: target)
            try await second.remove(target)
            return try await second.remove(key)
        } catch StorageError.missing {}
        do {
            try await second.move(key, to: target)
            return try await first.remove(target)
        } catch StorageError.missing {}
        try await first.move(key, to: target)
    }

    func remove(_ key: BlobKey) async throws {
        try await second.remove(key)
        try await first.remove(key)
    }

    func removeTree(_ key: BlobKey) async throws {
        try await second.removeTree(key)
        try await first.removeTree(key)
    }
}
