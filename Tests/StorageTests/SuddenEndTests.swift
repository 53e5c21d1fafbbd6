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

    static func storage(_ folder: String) throws -> LocalStorage {
        try LocalStorage(root: folder, pool: try BlockingPool(name: "files", threads: 2), reserve: 0)
    }

    @Test("Killed while it writes: finished blobs are whole, unfinished ones leave nothing, uploads go on")
    func killed() async throws {
        let folder = folder
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
            let storage = try Self.storage(folder)
            let megabyte = [UInt8](repeating: 7, count: 1 << 20)
            try await storage.write("videos/a/0.m4s", megabyte)
            let unfinished = try await storage.create("videos/a/1.m4s")
            try await unfinished.append(megabyte)
            try await storage.createPartial("uploads/u", expecting: 10 << 20)
            let upload = try await storage.openPartial("uploads/u")
            try await upload.append(megabyte, at: 0)
            _ = try await storage.makeWorkFolder("work/task")
            kill(getpid(), SIGKILL)
        }
        let storage = try Self.storage(folder)
        #expect(try storage.sweepLeftovers(work: ["work"]) == 2)
        #expect(try await storage.size(of: "videos/a/0.m4s") == 1 << 20)
        #expect(try await storage.exists("videos/a/1.m4s") == false)
        let upload = try await storage.openPartial("uploads/u")
        #expect(upload.byteCount == 1 << 20)
        try await upload.append([1], at: 1 << 20)
        try await upload.close()
        #expect(try await storage.names(in: "work").isEmpty)
    }

    @Test("A limit on the size of files is a full disk: nothing of a blob stays, an upload keeps what fitted")
    func fileSizeLimit() async throws {
        let folder = folder
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 3 << 20, rlim_max: 3 << 20)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let storage = try Self.storage(folder)
            let megabyte = [UInt8](repeating: 7, count: 1 << 20)
            await #expect(throws: StorageError.noSpace) {
                let writer = try await storage.create("a")
                for _ in 0..<4 { try await writer.append(megabyte) }
                try await writer.finish()
            }
            #expect(try Folder.entries("\(folder)/.incoming").isEmpty)
            try await storage.createPartial("u")
            let upload = try await storage.openPartial("u")
            await #expect(throws: StorageError.noSpace) {
                for _ in 0..<4 { try await upload.append(megabyte) }
            }
            try await upload.close()
            #expect(try await storage.size(of: "u") == 3 << 20)
        }
    }
}
