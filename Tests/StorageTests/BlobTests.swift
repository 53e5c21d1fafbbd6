import FoundationEssentials
import Testing

@testable import Storage

@Suite("Blobs")
struct BlobTests {
    let temporary: TemporaryStorage
    var storage: LocalStorage { temporary.storage }

    init() throws { temporary = try TemporaryStorage() }

    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    @Test("A blob appears whole when it is finished, and not before")
    func appearing() async throws {
        let writer = try await storage.create("videos/a/original")
        for piece in 0..<10 { try await writer.append(bytes(100_000 + piece)) }
        #expect(try await storage.exists("videos/a/original") == false)
        try await writer.finish()
        let expected = (0..<10).flatMap { bytes(100_000 + $0) }
        #expect(writer.byteCount == expected.count)
        #expect(try await storage.read("videos/a/original") == expected)
        #expect(try await storage.size(of: "videos/a/original") == expected.count)
        #expect(try temporary.everything == [".incoming", "videos", "videos/a", "videos/a/original"])
        await #expect(throws: StorageError.finished) { try await writer.append([1]) }
        await #expect(throws: StorageError.finished) { try await writer.finish() }
    }

    @Test("A writer that is discarded or forgotten leaves nothing")
    func discarding() async throws {
        let writer = try await storage.create("a")
        try await writer.append(bytes(500_000))
        await writer.discard()
        do {
            let forgotten = try await storage.create("b")
            try await forgotten.append(bytes(500_000))
        }
        #expect(try temporary.everything == [".incoming"])
    }

    @Test("An empty blob is a blob")
    func empty() async throws {
        try await storage.create("empty").finish()
        #expect(try await storage.size(of: "empty") == 0)
        #expect(try await storage.read("empty") == [])
    }

    @Test("A finished blob takes the place of the one before")
    func replacing() async throws {
        try await storage.write("a", [1])
        try await storage.write("a", [2, 3])
        #expect(try await storage.read("a") == [2, 3])
    }

    @Test("Ranges are read exactly, and not beyond the end")
    func ranges() async throws {
        try await storage.write("a", bytes(1_000))
        #expect(try await storage.read("a", 10..<20) == Array(bytes(1_000)[10..<20]))
        #expect(try await storage.read("a", 1_000..<1_000) == [])
        await #expect(throws: StorageError.outOfRange("a")) { try await storage.read("a", 990..<1_001) }
        await #expect(throws: StorageError.missing("b")) { try await storage.read("b", 0..<1) }
        await #expect(throws: StorageError.missing("b")) { try await storage.open("b") }
        #expect(try await storage.openIfPresent("b") == nil)
        #expect(try await storage.open("a").byteCount == 1_000)
    }

    @Test("A folder is no blob, and what lies below a blob is missing")
    func folders() async throws {
        try await storage.write("f/a", [1])
        #expect(try await storage.exists("f") == false)
        #expect(try await storage.openIfPresent("f") == nil)
        #expect(try await storage.openIfPresent("f/a/b") == nil)
        try await storage.remove("f/a/b")
        await #expect(throws: StorageError.self) { try await storage.write("f/a/b", [1]) }
        #expect(try temporary.everything == [".incoming", "f", "f/a"])
    }

    @Test("Several small blobs are stored together")
    func batch() async throws {
        let blobs = (0..<20).map { Blob(BlobKey("v/r").appending($0), bytes($0 * 100)) }
        try await storage.write(blobs)
        for blob in blobs { #expect(try await storage.read(blob.key) == blob.bytes) }
        #expect(try await storage.list("v").map(\.byteCount).reduce(0, +) == 19_000)
        #expect(try await storage.names(in: "v/r").count == 20)
        #expect(try await storage.list("nothing").isEmpty)
    }

    @Test("Moving gives another name, removing takes the blob or the tree away")
    func movingAndRemoving() async throws {
        try await storage.write("a/1", [1])
        try await storage.write("a/b/2", [2])
        try await storage.move("a/1", to: "c/d/1")
        #expect(try await storage.read("c/d/1") == [1])
        await #expect(throws: StorageError.missing("a/1")) { try await storage.move("a/1", to: "x") }
        try await storage.remove("c/d/1")
        try await storage.remove("c/d/1")
        try await storage.removeTree("a")
        try await storage.removeTree("a")
        #expect(try temporary.everything == [".incoming", "c", "c/d"])
    }

    @Test("A tree with links is removed without following them")
    func links() async throws {
        try await storage.write("keep/1", [1])
        try await storage.write("drop/1", [1])
        try FileManager.default.createSymbolicLink(
            atPath: storage.path(of: "drop/link"), withDestinationPath: storage.path(of: "keep"))
        try await storage.removeTree("drop")
        #expect(try await storage.exists("keep/1"))
    }

    @Test("A file that a child made is taken over without copying")
    func adopting() async throws {
        let folder = try await storage.makeWorkFolder("work/task-1")
        try Data([1, 2, 3]).write(to: URL(filePath: "\(folder)/out.mp4"))
        try await storage.adopt(fileAt: "\(folder)/out.mp4", as: "videos/a/0.m4s")
        #expect(try await storage.read("videos/a/0.m4s") == [1, 2, 3])
        #expect(try await storage.names(in: "work/task-1").isEmpty)
    }

    @Test("Leftovers of an earlier process are swept, blobs stay")
    func sweeping() async throws {
        let writer = try await storage.create("videos/a/original")
        try await writer.append(bytes(300_000))
        _ = try await storage.makeWorkFolder("work/task-1/deep")
        try await storage.write("videos/b/original", [1])
        #expect(try storage.sweepLeftovers(work: ["work"]) == 2)
        #expect(try temporary.everything == [".incoming", "videos", "videos/b", "videos/b/original", "work"])
        #expect(try storage.sweepLeftovers(work: ["work"]) == 0)
    }

    @Test("Two servers cannot work on one folder, until the first lets it go")
    func exclusive() throws {
        #expect(throws: StorageError.inUse) { try LocalStorage(root: temporary.root, pool: storage.pool) }
        storage.close()
        _ = try LocalStorage(root: temporary.root, pool: storage.pool)
    }

    @Test("A reader keeps reading what was removed meanwhile")
    func removedWhileOpen() async throws {
        try await storage.write("a", bytes(1_000))
        let file = try await storage.open("a")
        try await storage.remove("a")
        #expect(try file.read(0..<1_000) == bytes(1_000))
    }
}
