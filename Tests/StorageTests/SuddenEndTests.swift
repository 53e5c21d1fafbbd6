import FoundationEssentials
import Glibc
import Reactor
import Testing

@testable import Storage

@Suite("A process that ends without warning")
struct SuddenEndTests {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/palco-sudden-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    static func open(_ folder: String) throws -> DataFolder {
        try DataFolder(root: folder, pool: try BlockingPool(name: "files", threads: 2), reserve: 0)
    }

    @Test("Killed while it writes: finished blobs are whole, unfinished ones leave nothing, uploads go on")
    func killed() async throws {
        let folder = folder
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
            let storage = StorageServices(try Self.open(folder))
            let megabyte = [UInt8](repeating: 7, count: 1 << 20)
            try await storage.blobs.write("videos/a/0.m4s", megabyte)
            let unfinished = try await storage.uploads.begin("videos/a/1.m4s", becoming: "o", expecting: nil)
            try await unfinished.append(megabyte)
            try await storage.uploads.create("uploads/u", becoming: "o", expecting: 10 << 20)
            let upload = try await storage.uploads.open("uploads/u")
            try await upload.append(megabyte)
            _ = try await storage.workspace.makeFolder("work/task")
            kill(getpid(), SIGKILL)
        }
        let dataFolder = try Self.open(folder)
        let storage = StorageServices(dataFolder)
        #expect(try dataFolder.sweepLeftovers(work: ["work"]) == 2)
        #expect(try await storage.blobs.size(of: "videos/a/0.m4s") == 1 << 20)
        #expect(try await storage.blobs.exists("videos/a/1.m4s") == false)
        let upload = try await storage.uploads.open("uploads/u")
        #expect(upload.byteCount == 1 << 20)
        try await upload.append([1])
        try await upload.close()
        #expect(try await storage.workspace.names(in: "work").isEmpty)
    }

    @Test("A limit on the size of files is a full disk: nothing of a blob stays, an upload keeps what fitted")
    func fileSizeLimit() async throws {
        let folder = folder
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 3 << 20, rlim_max: 3 << 20)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let storage = StorageServices(try Self.open(folder))
            let megabyte = [UInt8](repeating: 7, count: 1 << 20)
            await #expect(throws: StorageError.noSpace) {
                let writer = try await storage.uploads.begin("a", becoming: "o", expecting: nil)
                for _ in 0..<4 { try await writer.append(megabyte) }
                try await writer.finish()
            }
            #expect(try Folder.entries("\(folder)/.incoming").isEmpty)
            try await storage.uploads.create("u", becoming: "o", expecting: nil)
            let upload = try await storage.uploads.open("u")
            await #expect(throws: StorageError.noSpace) {
                for _ in 0..<4 { try await upload.append(megabyte) }
            }
            try await upload.close()
            #expect(try await storage.uploads.size(of: "u") == 3 << 20)
        }
    }
}
