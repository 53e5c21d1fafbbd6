import Cryptography
import FoundationEssentials
import Media
import Reactor
import SQL
import Storage
import Synchronization
import Telemetry

@testable import Encoding
@testable import TestSupport

/// A server's worth of encoding in a folder of its own.
final class Studio: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Every chunk must be right at the first attempt: no frame may be lost and made up for.
    static var strict: EncodingSettings {
        var settings = EncodingSettings()
        settings.maxAttempts = 1
        return settings
    }

    static let sharedLoops = Result { try EventLoopGroup(count: 2) }

    let folder: String
    let loops: EventLoopGroup
    let database: Database
    let storage: LocalStorage
    let encoder: Encoder
    let changes = ChangeLog()
    let pool: BlockingPool

    static func with<T: Sendable>(
        _ settings: EncodingSettings = EncodingSettings(), isWorking: Bool = true,
        _ body: @Sendable (Studio) async throws -> T
    ) async throws -> T {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await open(folder, settings, isWorking: isWorking, body)
    }

    /// One life of the server on a folder that may have seen others.
    static func open<T: Sendable>(
        _ folder: String, _ settings: EncodingSettings = EncodingSettings(), isWorking: Bool = true,
        isSafe: Bool = true, reserve: Int = 1 << 20, _ body: @Sendable (Studio) async throws -> T
    ) async throws -> T {
        let studio = try await Studio(folder: folder, settings: settings, reserve: reserve)
        let work = Task(executorPreference: studio.loops.next()) {
            if isWorking { try await studio.encoder.run(isSafe: isSafe) }
        }
        let result: Result<T, any Error>
        do { result = .success(try await body(studio)) } catch { result = .failure(error) }
        work.cancel()
        _ = await work.result
        if !isWorking { await studio.encoder.close() }
        await studio.database.close()
        await studio.pool.shutdown()
        return try result.get()
    }

    private init(folder: String, settings: EncodingSettings, reserve: Int) async throws {
        self.folder = folder
        loops = try Self.sharedLoops.get()
        database = try await Database.open(.file("\(folder)/palco.sqlite"), migrations: [Encoder.migrations])
        pool = try BlockingPool(name: "storage", threads: 2)
        storage = try await Self.storage("\(folder)/data", reserve: reserve, pool: pool)
        try storage.sweepLeftovers(work: [Encoder.workFolder])
        let changes = changes
        encoder = try Encoder(
            settings: settings, database: database, storage: storage, loops: loops, log: .silent
        ) { transaction, id, change in
            transaction.afterCommit { changes.append(id, change) }
        }
    }

    /// An earlier life in this process may take a moment to let go of the folder.
    private static func storage(_ root: String, reserve: Int, pool: BlockingPool) async throws -> LocalStorage {
        var storage: LocalStorage?
        try await eventually("the folder is let go") {
            do { storage = try LocalStorage(root: root, pool: pool, reserve: reserve) } catch StorageError.inUse {}
            return storage != nil
        }
        guard let storage else { throw StorageError.inUse }
        return storage
    }

    /// Inspects a file and puts it into the queue under a new id.
    func add(_ path: String) async throws -> EncodingID {
        let facts = try await encoder.inspect(path: path)
        let id = EncodingID()
        guard let key = BlobKey("videos/\(id)/original") else { throw Failure(description: "no key") }
        try FileManager.default.createDirectory(
            atPath: storage.path(of: key).dropLastComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: path, toPath: storage.path(of: key))
        try await database.write { [encoder] in try encoder.enqueue($0, id, facts: facts) }
        return id
    }

    /// Waits until everything of a video is made.
    func complete(_ id: EncodingID) async throws {
        let last = await changes.first(of: id) { $0.status == .failed || $0.progress >= 1 }
        if last.status == .failed { throw Failure(description: last.errorDetail ?? "failed") }
    }

    /// Waits until the queue is empty.
    func drained() async throws {
        while true {
            let rings = encoder.bell.rings
            let left = try await database.read {
                try $0.first("SELECT COUNT(*) AS n FROM encoding_tasks WHERE is_poison = 0")?.value("n", as: Int.self)
            }
            if left == 0 { return }
            await encoder.bell.wait(after: rings, patience: .seconds(1), on: loops.next())
        }
    }

    /// Waits until no folder of a task is left. A task's row goes a moment before its folder does.
    func becomesTidy() async throws {
        try await eventually("no folder of a task is left") { try await storage.list("work").isEmpty }
    }

    func ready(_ id: EncodingID) async throws {
        let last = await changes.first(of: id) { $0.status != .processing }
        if last.status == .failed { throw Failure(description: last.errorDetail ?? "failed") }
    }

    func plan(_ id: EncodingID) async throws -> EncodingPlan? {
        try await database.read { try EncodingStore.record(id, in: $0)?.plan }
    }

    func presentation(_ id: EncodingID) async throws -> Presentation {
        guard let presentation = try await encoder.presentation(id) else { throw Failure(description: "not planned") }
        return presentation
    }

    /// A rendition as a player gets it: the init segment and all segments, decrypted, in one file.
    func served(_ id: EncodingID, _ name: String, of presentation: Presentation? = nil) async throws -> String {
        let presentation = if let presentation { presentation } else { try await self.presentation(id) }
        guard let rendition = presentation[name] else { throw Failure(description: "no \(name)") }
        var bytes = try await whole(encoder.initSegment(id, rendition: name))
        for number in rendition.segmentDurations.indices { bytes += try await segment(number, of: rendition, id, name) }
        let path = "\(folder)/\(id)-\(name).mp4"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    /// Each segment in a file of its own, behind the init segment that its playlist names for it.
    func pieces(_ id: EncodingID, _ name: String) async throws -> [String] {
        guard let rendition = try await presentation(id)[name] else { throw Failure(description: "no \(name)") }
        var paths: [String] = []
        for number in rendition.segmentDurations.indices {
            let shown = rendition.mended.contains(number) ? rendition.mendedName : name
            let bytes = try await whole(encoder.initSegment(id, rendition: shown))
            paths.append("\(folder)/\(id)-\(name)-\(number).mp4")
            try await Data(bytes + segment(number, of: rendition, id, shown)).write(to: URL(filePath: paths[number]))
        }
        return paths
    }

    /// As a player decrypts it.
    private func segment(
        _ number: Int, of rendition: Presentation.Rendition, _ id: EncodingID, _ name: String
    ) async throws -> [UInt8] {
        let segment = try await whole(encoder.segment(id, rendition: name, number: number))
        guard let key = try await encoder.key(id, rendition: rendition.name) else { return segment }
        return try AES128CBC.decrypt(key: key, iv: SegmentCipher.initializationVector(of: number), segment)
    }

    func whole(_ answer: SegmentAnswer) throws -> [UInt8] {
        guard case .file(let file) = answer else { throw Failure(description: "\(answer)") }
        return try file.read(0..<file.byteCount)
    }

    @discardableResult
    func ffmpeg(_ arguments: [String]) async throws -> String {
        try await tool("/usr/bin/ffmpeg", ["-nostdin", "-y", "-v", "error"] + arguments)
    }

    @discardableResult
    func tool(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run(
            ChildProcess.Configuration(
                executable: program, arguments: arguments, environment: ["LC_ALL=C.UTF-8"], timeLimit: .seconds(120)),
            on: loops.next())
        guard result.isSuccess else {
            throw Failure(description: "\(program) \(arguments): \(String(decoding: result.errorTail, as: UTF8.self))")
        }
        return String(decoding: result.output, as: UTF8.self)
    }

    /// Files below a folder of the storage, as keys.
    func keys(_ folder: BlobKey) async throws -> [String] {
        try await storage.list(folder).map(\.key.description).sorted()
    }
}

enum NSTemporaryDirectoryPath {
    static func make() -> String {
        let path = "/tmp/palco-encoding-\(UInt64.random(in: 0 ... .max))"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

extension String {
    var dropLastComponent: String { split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } }
}

/// All changes that were committed, and those who wait for the next.
final class ChangeLog: Sendable {
    private struct State {
        var changes: [(EncodingID, EncodingChange)] = []
        var waiters: [(EncodingID, @Sendable (EncodingChange) -> Bool, CheckedContinuation<EncodingChange, Never>)] = []
    }

    private let state = Mutex(State())

    func append(_ id: EncodingID, _ change: EncodingChange) {
        let woken = state.withLock { state in
            state.changes.append((id, change))
            let woken = state.waiters.filter { $0.0 == id && $0.1(change) }
            state.waiters.removeAll { $0.0 == id && $0.1(change) }
            return woken.map(\.2)
        }
        for waiter in woken { waiter.resume(returning: change) }
    }

    func all(of id: EncodingID) -> [EncodingChange] {
        state.withLock { $0.changes.filter { $0.0 == id }.map(\.1) }
    }

    func first(of id: EncodingID, where matches: @escaping @Sendable (EncodingChange) -> Bool) async -> EncodingChange {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> EncodingChange? in
                if let known = state.changes.first(where: { $0.0 == id && matches($0.1) }) { return known.1 }
                state.waiters.append((id, matches, continuation))
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
