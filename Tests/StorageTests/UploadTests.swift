import Testing

@testable import Storage
@testable import TestSupport

@Suite("Uploads on their way")
struct UploadTests {
    func piece(_ value: Int, _ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: value), count: count)
    }

    @Test("Each opening goes on where the last one ended, and the whole becomes a blob", arguments: TestedStore.all)
    func resuming(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.uploads.create("uploads/u", becoming: "videos/v/original", expecting: 500_000)
        for number in 0..<5 {
            let upload = try await storage.uploads.open("uploads/u")
            #expect(upload.byteCount == number * 100_000)
            try await upload.append(piece(number, 100_000))
            try await upload.close()
            #expect(try await storage.uploads.size(of: "uploads/u") == (number + 1) * 100_000)
        }
        #expect(try await storage.blobs.exists("videos/v/original") == false)
        try await storage.uploads.finish("uploads/u", as: "videos/v/original")
        let bytes = try await storage.blobs.read("videos/v/original")
        #expect(bytes == (0..<5).flatMap { piece($0, 100_000) })
        #expect(try await storage.uploads.size(of: "uploads/u") == nil)
        await #expect(throws: StorageError.missing("uploads/u")) {
            try await storage.uploads.finish("uploads/u", as: "videos/v/original")
        }
        #expect(try await storage.blobs.list("uploads").isEmpty)
    }

    @Test("What arrived is kept also where its sender has gone", arguments: TestedStore.all)
    func cancelled(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let uploads = temporary.storage.uploads
        try await uploads.create("uploads/u", becoming: "videos/v/original", expecting: 500_000)
        let bytes = piece(7, 100_000)
        let request = Task {
            let upload = try await uploads.open("uploads/u")
            try await upload.append(bytes)
            withUnsafeCurrentTask { $0?.cancel() }
            try await upload.close()
        }
        try await request.value
        #expect(request.isCancelled)
        #expect(try await uploads.size(of: "uploads/u") == 100_000)
    }

    @Test("A file is written by one at a time, whoever believes to have it alone; when it is gone, the next may")
    func exclusive() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let uploads = temporary.uploads
        try await uploads.create("u", becoming: "o", expecting: nil)
        do {
            let upload = try await uploads.open("u")
            await #expect(throws: StorageError.inUse) { try await uploads.open("u") }
            try await upload.append([1])
            try await upload.close()
        }
        #expect(try await reopened("u", uploads).byteCount == 1)
    }

    /// A child that another test starts at this moment holds all files until it has become its program.
    private func reopened(_ key: BlobKey, _ uploads: any UploadStaging) async throws -> any GrowingUpload {
        for _ in 0..<100_000 {
            do { return try await uploads.open(key) } catch StorageError.inUse { await Task.yield() }
        }
        return try await uploads.open(key)
    }

    @Test("What was written before an end without warning is what the next process finds")
    func abandoned() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.uploads.create("u", becoming: "o", expecting: nil)
        do {
            let upload = try await storage.uploads.open("u")
            // Beyond the buffer: these bytes are in the file, and those after them are not.
            try await upload.append(piece(1, 300_000))
            try await upload.append(piece(2, 10))
        }
        let next = try await reopened("u", storage.uploads)
        #expect(next.byteCount == 300_000)
        try await next.append([3])
        try await next.close()
        #expect(try await storage.uploads.size(of: "u") == 300_001)
    }

    @Test(
        "A checksum that does not fit takes its bytes back, stored or not",
        arguments: TestedStore.all, [10, 1_000_000, 20_000_000])
    func truncating(_ store: TestedStore, count: Int) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.uploads.create("u", becoming: "o", expecting: 1)
        let first = try await storage.uploads.open("u")
        try await first.append([1, 2, 3])
        try await first.close()
        let refused = try await storage.uploads.open("u")
        try await refused.append(piece(7, count))
        try await refused.truncate(to: 3)
        #expect(refused.byteCount == 3)
        try await refused.close()
        #expect(try await storage.uploads.size(of: "u") == 3)
        let last = try await storage.uploads.open("u")
        try await last.append([4] + piece(5, count))
        try await last.close()
        try await storage.uploads.finish("u", as: "o")
        #expect(try await storage.blobs.read("o") == [1, 2, 3, 4] + piece(5, count))
    }

    @Test(
        "A checked chunk that nobody asked about any more is taken back at the next opening", arguments: TestedStore.all
    )
    func truncatingLater(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.uploads.create("u", becoming: "o", expecting: 1)
        for count in [3, 9_000_000] {
            let upload = try await storage.uploads.open("u")
            try await upload.append(piece(count, count))
            try await upload.close()
        }
        let upload = try await reopened("u", storage.uploads)
        try await upload.truncate(to: 3)
        try await upload.append([4])
        try await upload.close()
        try await storage.uploads.finish("u", as: "o")
        #expect(try await storage.blobs.read("o") == [3, 3, 3, 4])
    }

    @Test("What was not begun is missing, and removing leaves nothing", arguments: TestedStore.all)
    func missing(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        await #expect(throws: StorageError.missing("u")) { try await storage.uploads.open("u") }
        await #expect(throws: StorageError.missing("u")) { try await storage.uploads.finish("u", as: "o") }
        try await storage.uploads.create("uploads/u", becoming: "o", expecting: nil)
        let upload = try await storage.uploads.open("uploads/u")
        try await upload.append(piece(1, 9_000_000))
        try await upload.close()
        try await storage.uploads.remove("uploads/u")
        try await storage.uploads.remove("uploads/u")
        #expect(try await storage.uploads.size(of: "uploads/u") == nil)
        #expect(try await storage.blobs.list("uploads").isEmpty)
        #expect(try await storage.blobs.exists("o") == false)
    }

    @Test(
        "What comes in one go is there when it is finished, and gone when it is discarded", arguments: TestedStore.all)
    func whole(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        let discarded = try await storage.uploads.begin("uploads/d", becoming: "d", expecting: 100)
        try await discarded.append(piece(1, 9_000_000))
        await discarded.discard()
        #expect(try await storage.blobs.list("uploads").isEmpty)
        let upload = try await storage.uploads.begin("uploads/u", becoming: "o", expecting: nil)
        for number in 0..<20 { try await upload.append(piece(number, 1_000_000)) }
        try await upload.finish()
        await #expect(throws: StorageError.finished) { try await upload.append([1]) }
        await #expect(throws: StorageError.finished) { try await upload.finish() }
        try await storage.uploads.finish("uploads/u", as: "o")
        #expect(try await storage.blobs.read("o") == (0..<20).flatMap { piece($0, 1_000_000) })
    }
}
