import FoundationEssentials
import Glibc
import Reactor
import S3
import Synchronization
import Testing

@testable import Storage
@testable import TestSupport

@Suite("A bucket that several servers share", .enabled(if: TestedStore.bucket != nil, "needs scripts/with-s3"))
struct SharedBucketTests {
    func piece(_ value: Int, _ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: value), count: count)
    }

    @Test("An upload goes on at another server, part by part, and nothing that was answered for is lost")
    func otherServer() async throws {
        let first = try TemporaryStorage(.s3)
        defer { withExtendedLifetime(first) {} }
        let servers = [first, try TemporaryStorage(.s3, sharing: first)]
        try await first.uploads.create("uploads/u", becoming: "videos/u/original", expecting: 30_000_000)
        var expected: [UInt8] = []
        // Small and large, below and above the size of a part.
        for (number, count) in [100, 5_000_000, 9_000_000, 1, 17_000_000].enumerated() {
            let upload = try await servers[number % 2].uploads.open("uploads/u")
            #expect(upload.byteCount == expected.count)
            try await upload.append(piece(number, count))
            try await upload.close()
            expected += piece(number, count)
        }
        try await servers[1].uploads.finish("uploads/u", as: "videos/u/original")
        #expect(try await servers[0].blobs.read("videos/u/original") == expected)
        #expect(try await servers[0].blobs.list("uploads").isEmpty)
        // Nothing is left on the disks but what the cache may keep.
        for server in servers {
            #expect(try server.everything.allSatisfy { $0.hasPrefix("cache") || $0 == ".incoming" })
        }
    }

    @Test("An upload in parts that nobody completes is given up when it is older than any may be, and no younger one")
    func abandoned() async throws {
        let server = try TemporaryStorage(.s3)
        defer { withExtendedLifetime(server) {} }
        try await server.uploads.create("uploads/u", becoming: "videos/u/original", expecting: 30_000_000)
        // What is left where a server dies between the upload and its note.
        try await server.blobs.remove("uploads/u/note")
        let client = try TemporaryStorage.client(server.prefix)
        let begun = try #require(try await client.uploads().items.first?.begun)
        let age = Duration.seconds(8 * 86_400)
        let end = Int64(begun) + age.components.seconds
        #expect(try await server.storage.sweep(at: end, uploadAge: age) == 0)
        #expect(try await client.uploads().items.count == 1)
        #expect(try await server.storage.sweep(at: end + 1, uploadAge: age) == 1)
        #expect(try await client.uploads().items.isEmpty)
        await client.shutdown()
    }

    @Test("Killed in the middle: the next server goes on with what was answered for, or more")
    func killed() async throws {
        let first = try TemporaryStorage(.s3)
        defer { withExtendedLifetime(first) {} }
        try await first.uploads.create("uploads/u", becoming: "o", expecting: 30_000_000)
        let closed = try await first.uploads.open("uploads/u")
        try await closed.append(piece(1, 1_000_000))
        try await closed.close()
        let prefix = first.prefix
        await #expect(processExitsWith: .signal(SIGKILL)) { [prefix = prefix as String] in
            let root = FileManager.default.temporaryDirectory.path + "/palco-killed-\(UUID().uuidString)"
            let folder = try DataFolder(root: root, pool: try BlockingPool(name: "files", threads: 2), reserve: 0)
            let storage = try StorageServices(folder, try TemporaryStorage.client(prefix), cacheByteCount: 0)
            let upload = try await storage.uploads.open("uploads/u")
            try await upload.append([UInt8](repeating: 2, count: 20_000_000))
            try FileManager.default.removeItem(atPath: root)
            kill(getpid(), SIGKILL)
        }
        let upload = try await first.uploads.open("uploads/u")
        let kept = upload.byteCount
        // Whole parts of 8 MiB went up by themselves.
        #expect(kept == 16 << 20)
        try await upload.append(piece(2, 21_000_000 - kept))
        try await upload.close()
        try await first.uploads.finish("uploads/u", as: "o")
        #expect(try await first.blobs.read("o") == piece(1, 1_000_000) + piece(2, 20_000_000))
    }

    @Test("A crash between the last byte and the blob's name is mended by doing it again")
    func finishedTwice() async throws {
        let storage = try TemporaryStorage(.s3)
        try await storage.uploads.create("uploads/u", becoming: "o", expecting: 10)
        let note = try await storage.blobs.read("uploads/u/note")
        let upload = try await storage.uploads.open("uploads/u")
        try await upload.append([1, 2, 3])
        try await upload.close()
        try await storage.uploads.finish("uploads/u", as: "o")
        try await storage.blobs.write("uploads/u/note", note)
        #expect(try await storage.uploads.size(of: "uploads/u") == nil)
        try await storage.uploads.finish("uploads/u", as: "o")
        #expect(try await storage.blobs.read("o") == [1, 2, 3])
        #expect(try await storage.blobs.list("uploads").isEmpty)
    }

    @Test("A server that lost its connection cannot take back what another one stored since")
    func staleServer() async throws {
        let first = try TemporaryStorage(.s3)
        defer { withExtendedLifetime(first) {} }
        let second = try TemporaryStorage(.s3, sharing: first)
        try await first.uploads.create("uploads/u", becoming: "o", expecting: 10)
        let stale = try await first.uploads.open("uploads/u")
        try await stale.append([1])
        let fresh = try await second.uploads.open("uploads/u")
        try await fresh.append([1, 2, 3])
        try await fresh.close()
        try await stale.close()
        #expect(try await second.uploads.size(of: "uploads/u") == 3)
    }

    @Test("What one server replaces, the others do not serve from what they keep")
    func replaced() async throws {
        let first = try TemporaryStorage(.s3)
        defer { withExtendedLifetime(first) {} }
        let second = try TemporaryStorage(.s3, sharing: first)
        try await first.blobs.write("v/thumbnail.jpg", [1])
        let before = try #require(try await second.blobs.open("v/thumbnail.jpg"))
        #expect(try await first.blobs.open("v/thumbnail.jpg")?.version == before.version)
        try await first.blobs.write("v/thumbnail.jpg", [2, 2])
        let after = try #require(try await second.blobs.open("v/thumbnail.jpg"))
        #expect(try after.file.read(0..<after.file.byteCount) == [2, 2] && after.version != before.version)
        _ = try await second.workspace.makeFolder("work/t")
        let path = try await second.workspace.fetch("v/thumbnail.jpg", for: "work/t")
        #expect(FileManager.default.contents(atPath: path) == Data([2, 2]))
    }

    @Test("What is made here is played from here; what was read ahead needs no other server")
    func cached() async throws {
        let maker = try TemporaryStorage(.s3)
        let folder = try await maker.workspace.makeFolder("work/t")
        for number in 0..<3 {
            try WorkFile.write(piece(number, 1_000), to: "\(folder)/\(number)")
            let file = WorkFile("\(folder)/\(number)", as: BlobKey("v").appending(number))
            _ = try await maker.blobs.adopt([], before: [file])
        }
        let other = try TemporaryStorage(.s3, sharing: maker)
        #expect(try await other.blobs.openFinal("v/0") != nil)
        other.blobs.expect(["v/1", "v/2", "v/3"])
        try await eventually("what is expected is here") {
            try other.everything.filter { $0.contains("v+") }.count == 3
        }
        try await maker.blobs.removeTree("v")
        #expect(try await maker.blobs.openFinal("v/0") == nil)
        for number in 0..<3 {
            let file = try #require(try await other.blobs.openFinal(BlobKey("v").appending(number))).file
            #expect(try file.read(0..<1_000) == piece(number, 1_000))
        }
    }

    @Test("Names are listed however many there are, and folders count once")
    func names() async throws {
        let temporary = try TemporaryStorage(.s3)
        defer { withExtendedLifetime(temporary) {} }
        let blobs = temporary.blobs
        try await blobs.write((0..<5).map { Blob(BlobKey("videos").appending($0).appending("original"), [1]) })
        try await blobs.write("videos/notes.txt", [1])
        #expect(try await blobs.names(in: "videos") == ["0", "1", "2", "3", "4", "notes.txt"])
        #expect(try await blobs.names(in: "video").isEmpty)
        let entry = try #require(try await blobs.list("videos/3").first)
        #expect(entry.key == "videos/3/original" && abs(entry.modified - Int64(time(nil))) < 3600)
    }
}
