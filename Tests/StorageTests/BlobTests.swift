import FoundationEssentials
import Testing

@testable import Storage

@Suite("Blobs")
struct BlobTests {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    @Test("A blob appears whole when it is finished, and not before")
    func appearing() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        let writer = try await storage.uploads.begin("videos/a/original", becoming: "o", expecting: nil)
        for piece in 0..<10 { try await writer.append(bytes(100_000 + piece)) }
        #expect(try await storage.blobs.exists("videos/a/original") == false)
        try await writer.finish()
        let expected = (0..<10).flatMap { bytes(100_000 + $0) }
        #expect(writer.byteCount == expected.count)
        #expect(try await storage.blobs.read("videos/a/original") == expected)
        #expect(try await storage.blobs.size(of: "videos/a/original") == expected.count)
        #expect(try temporary.everything == [".incoming", "videos", "videos/a", "videos/a/original"])
        await #expect(throws: StorageError.finished) { try await writer.append([1]) }
        await #expect(throws: StorageError.finished) { try await writer.finish() }
    }

    @Test("A writer that is discarded or forgotten leaves nothing")
    func discarding() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        let writer = try await storage.uploads.begin("a", becoming: "o", expecting: nil)
        try await writer.append(bytes(500_000))
        await writer.discard()
        do {
            let forgotten = try await storage.uploads.begin("b", becoming: "o", expecting: nil)
            try await forgotten.append(bytes(500_000))
        }
        #expect(try temporary.everything == [".incoming"])
    }

    @Test("An empty blob is a blob", arguments: TestedStore.all)
    func empty(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.uploads.begin("u", becoming: "empty", expecting: nil).finish()
        try await storage.uploads.finish("u", as: "empty")
        #expect(try await storage.blobs.size(of: "empty") == 0)
        #expect(try await storage.blobs.read("empty") == [])
    }

    @Test("A finished blob takes the place of the one before", arguments: TestedStore.all)
    func replacing(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.blobs.write("a", [1])
        try await storage.blobs.write("a", [2, 3])
        #expect(try await storage.blobs.read("a") == [2, 3])
    }

    @Test("Ranges are read exactly, and not beyond the end", arguments: TestedStore.all)
    func ranges(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.blobs.write("a", bytes(1_000))
        #expect(try await storage.blobs.read("a", 10..<20) == Array(bytes(1_000)[10..<20]))
        #expect(try await storage.blobs.read("a", 1_000..<1_000) == [])
        await #expect(throws: StorageError.outOfRange("a")) { try await storage.blobs.read("a", 990..<1_001) }
        await #expect(throws: StorageError.missing("b")) { try await storage.blobs.read("b", 0..<1) }
        #expect(try await storage.blobs.open("b") == nil)
        #expect(try await storage.blobs.open("a")?.file.byteCount == 1_000)
    }

    @Test("A folder is no blob, and what lies below a blob is missing")
    func folders() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.blobs.write("f/a", [1])
        #expect(try await storage.blobs.exists("f") == false)
        #expect(try await storage.blobs.open("f") == nil)
        #expect(try await storage.blobs.open("f/a/b") == nil)
        try await storage.blobs.remove("f/a/b")
        await #expect(throws: StorageError.self) { try await storage.blobs.write("f/a/b", [1]) }
        #expect(try temporary.everything == [".incoming", "f", "f/a"])
    }

    @Test("Several small blobs are stored together", arguments: TestedStore.all)
    func batch(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        let blobs = (0..<20).map { Blob(BlobKey("v/r").appending($0), bytes($0 * 100)) }
        try await storage.blobs.write(blobs)
        for blob in blobs { #expect(try await storage.blobs.read(blob.key) == blob.bytes) }
        #expect(try await storage.blobs.list("v").map(\.byteCount).reduce(0, +) == 19_000)
        #expect(try await storage.blobs.names(in: "v/r").count == 20)
        #expect(try await storage.blobs.list("nothing").isEmpty)
    }

    @Test("Moving gives another name, removing takes the blob or the tree away", arguments: TestedStore.all)
    func movingAndRemoving(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.blobs.write("a/1", [1])
        try await storage.blobs.write("a/b/2", [2])
        try await storage.blobs.move("a/1", to: "c/d/1")
        #expect(try await storage.blobs.read("c/d/1") == [1])
        await #expect(throws: StorageError.missing("a/1")) { try await storage.blobs.move("a/1", to: "x") }
        try await storage.blobs.remove("c/d/1")
        try await storage.blobs.remove("c/d/1")
        try await storage.blobs.removeTree("a")
        try await storage.blobs.removeTree("a")
        #expect(try await storage.blobs.list("a") + storage.blobs.list("c") == [])
        if store == .local { #expect(try temporary.everything == [".incoming", "c", "c/d"]) }
    }

    @Test("A tree with links is removed without following them")
    func links() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.blobs.write("keep/1", [1])
        try await storage.blobs.write("drop/1", [1])
        try FileManager.default.createSymbolicLink(
            atPath: "\(temporary.root)/drop/link", withDestinationPath: "\(temporary.root)/keep")
        try await storage.blobs.removeTree("drop")
        #expect(try await storage.blobs.exists("keep/1"))
    }

    @Test("A file that a child made is taken over without copying", arguments: TestedStore.all)
    func adopting(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        let folder = try await storage.workspace.makeFolder("work/task-1")
        try Data([1, 2, 3]).write(to: URL(filePath: "\(folder)/out.mp4"))
        try await storage.blobs.adopt(fileAt: "\(folder)/out.mp4", as: "videos/a/0.m4s")
        #expect(try await storage.blobs.read("videos/a/0.m4s") == [1, 2, 3])
        #expect(try await storage.workspace.names(in: "work/task-1").isEmpty)
    }

    @Test("What is made again does not take the place of what somebody may have read", arguments: TestedStore.all)
    func adoptingTwice(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let (blobs, folder) = (temporary.blobs, try await temporary.workspace.makeFolder("work/t"))
        func files(_ bytes: [UInt8]) throws -> [WorkFile] {
            try ["v/init.mp4", "v/0.m4s"].map { name in
                let path = "\(folder)/\(name.hasSuffix("0.m4s") ? "a" : "b")"
                try WorkFile.write(bytes, to: path)
                return WorkFile(path, as: try #require(BlobKey(name)))
            }
        }
        let first = try files([1, 2, 3])
        #expect(try await blobs.adopt([first[0]], before: [first[1]]) == [3, 3])
        #expect(try await blobs.adopt([], before: try files([9])) == [3, 3])
        #expect(try await blobs.read("v/0.m4s") == [1, 2, 3])
        #expect(try await temporary.workspace.names(in: "work/t").isEmpty)
    }

    @Test(
        "Each content has a version of its own, which is the same when it is opened again", arguments: TestedStore.all)
    func versions(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let blobs = temporary.blobs
        try await blobs.write("picture", bytes(100))
        let first = try #require(try await blobs.open("picture"))
        #expect(try await blobs.open("picture")?.version == first.version)
        try await blobs.write("picture", bytes(101))
        let second = try #require(try await blobs.open("picture"))
        #expect(second.version != first.version && second.file.byteCount == 101)
        #expect(try await blobs.openFinal("picture")?.version == second.version)
    }

    @Test("A copy for a task stays until the task's folder is removed", arguments: TestedStore.all)
    func copies(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store, cacheByteCount: 0)
        defer { withExtendedLifetime(temporary) {} }
        let workspace = temporary.workspace
        try await temporary.blobs.write("videos/v/original", bytes(1_000))
        _ = try await workspace.makeFolder("work/t")
        let path = try await workspace.fetch("videos/v/original", for: "work/t")
        #expect(try await workspace.fetch("videos/v/original", for: "work/t") == path)
        #expect(FileManager.default.contents(atPath: path) == Data(bytes(1_000)))
        let inScope = try await workspace.withCopy(of: "videos/v/original") {
            FileManager.default.contents(atPath: $0)?.count
        }
        #expect(inScope == 1_000 && FileManager.default.fileExists(atPath: path))
        try await workspace.removeFolder("work/t")
        #expect(FileManager.default.fileExists(atPath: path) == (store == .local))
    }

    @Test("Leftovers of an earlier process are swept, blobs stay")
    func sweeping() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        let writer = try await storage.uploads.begin("videos/a/original", becoming: "o", expecting: nil)
        try await writer.append(bytes(300_000))
        _ = try await storage.workspace.makeFolder("work/task-1/deep")
        try await storage.blobs.write("videos/b/original", [1])
        #expect(try temporary.folder.sweepLeftovers(work: ["work"]) == 2)
        #expect(try temporary.everything == [".incoming", "videos", "videos/b", "videos/b/original", "work"])
        #expect(try temporary.folder.sweepLeftovers(work: ["work"]) == 0)
    }

    @Test("In a folder that several share only what nobody has touched for days is swept")
    func sweepingShared() async throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        temporary.folder.close()
        let folder = try DataFolder(root: temporary.root, pool: temporary.folder.pool, reserve: 0, isShared: true)
        let storage = StorageServices(folder)
        try await storage.blobs.write("videos/b/original", [1])
        let manager = FileManager.default
        _ = manager.createFile(atPath: "\(temporary.root)/.incoming/file", contents: Data([1]))
        try manager.createDirectory(atPath: "\(temporary.root)/.incoming/tree", withIntermediateDirectories: true)
        // A name that an old file got a moment ago is as young as a new file.
        try manager.linkItem(
            atPath: "\(temporary.root)/videos/b/original", toPath: "\(temporary.root)/.incoming/further name")
        try manager.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -9 * 86_400)],
            ofItemAtPath: "\(temporary.root)/videos/b/original")
        let time = Int64(Date().timeIntervalSince1970)
        #expect(try await storage.sweep(at: time + 86_400, uploadAge: .zero) == 0)
        #expect(try await storage.sweep(at: time + 3 * 86_400, uploadAge: .zero) == 3)
        #expect(try temporary.everything == [".incoming", "videos", "videos/b", "videos/b/original"])
        // A folder that a process has for itself was swept when it began.
        #expect(try await temporary.storage.sweep(at: time + 30 * 86_400, uploadAge: .zero) == 0)
    }

    @Test("Two servers cannot work on one folder, until the first lets it go")
    func exclusive() throws {
        let temporary = try TemporaryStorage()
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.folder
        #expect(throws: StorageError.inUse) { try DataFolder(root: temporary.root, pool: folder.pool) }
        folder.close()
        _ = try DataFolder(root: temporary.root, pool: folder.pool)
    }

    @Test("A reader keeps reading what was removed meanwhile", arguments: TestedStore.all)
    func removedWhileOpen(_ store: TestedStore) async throws {
        let temporary = try TemporaryStorage(store)
        defer { withExtendedLifetime(temporary) {} }
        let storage = temporary.storage
        try await storage.blobs.write("a", bytes(1_000))
        let file = try #require(try await storage.blobs.open("a")).file
        try await storage.blobs.remove("a")
        #expect(try file.read(0..<1_000) == bytes(1_000))
    }
}
