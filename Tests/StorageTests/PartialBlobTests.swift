import Testing

@testable import Storage

@Suite("Blobs that grow over many requests")
struct PartialBlobTests {
    let temporary: TemporaryStorage
    var storage: LocalStorage { temporary.storage }

    init() throws { temporary = try TemporaryStorage() }

    @Test("Each opening goes on where the last one ended, and the whole can be moved to its place")
    func resuming() async throws {
        try await storage.createPartial("uploads/u")
        for piece in 0..<5 {
            let partial = try await storage.openPartial("uploads/u")
            #expect(partial.byteCount == piece * 100_000)
            try await partial.append([UInt8](repeating: UInt8(piece), count: 100_000), at: piece * 100_000)
            try await partial.close()
        }
        try await storage.move("uploads/u", to: "videos/v/original")
        let bytes = try await storage.read("videos/v/original")
        #expect(bytes.count == 500_000 && bytes[0] == 0 && bytes[250_000] == 2 && bytes[499_999] == 4)
    }

    @Test("Bytes for any other place than the end are refused, with the end")
    func offsets() async throws {
        try await storage.createPartial("u")
        let partial = try await storage.openPartial("u")
        try await partial.append([1, 2, 3], at: 0)
        for wrong in [0, 2, 4] {
            await #expect(throws: StorageError.wrongOffset(actual: 3)) { try await partial.append([9], at: wrong) }
        }
        try await partial.append([4], at: 3)
        try await partial.close()
        #expect(try await storage.read("u") == [1, 2, 3, 4])
    }

    @Test("One at a time may write; when it is gone, the next may")
    func exclusive() async throws {
        try await storage.createPartial("u")
        do {
            let partial = try await storage.openPartial("u")
            await #expect(throws: StorageError.inUse) { try await storage.openPartial("u") }
            try await partial.append([1], at: 0)
            try await partial.close()
        }
        let next = try await reopened("u")
        #expect(next.byteCount == 1)
    }

    /// A child that another test starts at this moment holds all files until it has become its program.
    private func reopened(_ key: BlobKey) async throws -> PartialBlob {
        for _ in 0..<100_000 {
            do { return try await storage.openPartial(key) } catch StorageError.inUse { await Task.yield() }
        }
        return try await storage.openPartial(key)
    }

    @Test("What was written before an end without warning is what the next process finds")
    func abandoned() async throws {
        try await storage.createPartial("u")
        do {
            let partial = try await storage.openPartial("u")
            // Beyond the buffer: these bytes are in the file, and those after them are not.
            try await partial.append([UInt8](repeating: 1, count: 300_000), at: 0)
            try await partial.append([UInt8](repeating: 2, count: 10), at: 300_000)
        }
        let next = try await reopened("u")
        #expect(next.byteCount == 300_000)
        try await next.append([3], at: 300_000)
        try await next.close()
        #expect(try await storage.size(of: "u") == 300_001)
    }

    @Test("A checksum that does not fit takes its bytes back, stored or not", arguments: [10, 1_000_000])
    func truncating(count: Int) async throws {
        try await storage.createPartial("u")
        let partial = try await storage.openPartial("u")
        try await partial.append([1, 2, 3], at: 0)
        try await partial.append([UInt8](repeating: 7, count: count), at: 3)
        try await partial.truncate(to: 3)
        #expect(partial.byteCount == 3)
        try await partial.append([4], at: 3)
        await #expect(throws: StorageError.self) { try await partial.truncate(to: 5) }
        #expect(try await partial.read(0..<4) == [1, 2, 3, 4])
        try await partial.close()
        #expect(try await storage.read("u") == [1, 2, 3, 4])
    }

    @Test("What was not begun is missing")
    func missing() async throws {
        await #expect(throws: StorageError.missing("u")) { try await storage.openPartial("u") }
    }
}
