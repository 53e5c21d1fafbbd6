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
    let storage: StorageServices
    private let dataFolder: DataFolder
    let queue: EncodingQueue
    let inspect: InspectUpload
    let workers: EncodingWorkers
    let playback: EncodingPlayback
    private let tools: EncodingTools
    let changes = ChangeLog()
    let captions = CaptionsLog()
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
            if isWorking { try await studio.workers.run(isSafe: isSafe) }
        }
        let result: Result<T, any Error>
        do { result = .success(try await body(studio)) } catch { result = .failure(error) }
        work.cancel()
        _ = await work.result
        studio.workers.close()
        await studio.tools.close()
        await studio.database.close()
        await studio.pool.shutdown()
        return try result.get()
    }

    private init(folder: String, settings: EncodingSettings, reserve: Int) async throws {
        self.folder = folder
        loops = try Self.sharedLoops.get()
        database = try await Database.open(
            TestDatabase.kept(at: "\(folder)/palco.sqlite"), migrations: [EncodingQueue.migrations])
        pool = try BlockingPool(name: "storage", threads: 2)
        dataFolder = try await Self.dataFolder("\(folder)/data", reserve: reserve, pool: pool)
        storage = StorageServices(dataFolder)
        try dataFolder.sweepLeftovers(work: [EncodingWorkers.workFolder])
        let changes = changes
        let captions = captions
        queue = EncodingQueue(settings: settings, database: database) { transaction, id, change in
            transaction.afterCommit { changes.append(id, change) }
        } onCaptions: { _, id, made in
            captions.append(id, made)
        }
        tools = try EncodingTools(settings: settings, loops: loops)
        inspect = InspectUpload(tools)
        workers = EncodingWorkers(queue, tools: tools, storage: storage, log: .silent)
        playback = EncodingPlayback(queue, storage: storage, loops: loops, patience: settings.segmentPatience)
    }

    /// Pictures that are made when they are asked for.
    func pictures(_ limits: PictureLimits = PictureLimits()) -> MakePictures {
        MakePictures(queue, playback: playback, tools: tools, storage: storage, limits: limits, log: .silent)
    }

    /// In microseconds, as the queue counts.
    var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    /// An earlier life in this process may take a moment to let go of the folder.
    private static func dataFolder(
        _ root: String, reserve: Int, pool: BlockingPool
    ) async throws -> DataFolder {
        var folder: DataFolder?
        try await eventually("the folder is let go") {
            do { folder = try DataFolder(root: root, pool: pool, reserve: reserve) } catch StorageError.inUse {}
            return folder != nil
        }
        guard let folder else { throw StorageError.inUse }
        return folder
    }

    func path(of key: BlobKey) -> String { "\(folder)/data/\(key)" }

    /// Inspects a file and puts it into the queue under a new id.
    func add(_ path: String) async throws -> EncodingID {
        let facts = try await inspect(path: path)
        let id = EncodingID()
        guard let key = BlobKey("videos/\(id)/original") else { throw Failure(description: "no key") }
        try FileManager.default.createDirectory(
            atPath: self.path(of: key).dropLastComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: path, toPath: self.path(of: key))
        try await database.write { [queue] in try queue.add(id, facts: facts, in: $0) }
        return id
    }

    /// Waits until everything of a video is made.
    func complete(_ id: EncodingID) async throws {
        let last = await changes.first(of: id) { $0.status == .failed || $0.progress >= 1 }
        if last.status == .failed { throw Failure(description: last.failure?.detail ?? "failed") }
    }

    /// Waits until the queue is empty.
    func drained() async throws {
        while true {
            let rings = queue.signals.bell.rings
            let left = try await database.read {
                try $0.first("SELECT COUNT(*) AS n FROM encoding_tasks WHERE is_poison = 0")?.value("n", as: Int.self)
            }
            if left == 0 { return }
            await queue.signals.bell.wait(after: rings, patience: .seconds(1), on: loops.next())
        }
    }

    /// Waits until no folder of a task is left. A task's row goes a moment before its folder does.
    func becomesTidy() async throws {
        try await eventually("no folder of a task is left") { try await storage.workspace.names(in: "work").isEmpty }
    }

    func ready(_ id: EncodingID) async throws {
        let last = await changes.first(of: id) { $0.status != .processing }
        if last.status == .failed { throw Failure(description: last.failure?.detail ?? "failed") }
    }

    func plan(_ id: EncodingID) async throws -> EncodingPlan? {
        try await database.read { try EncodingStore.record(id, in: $0)?.plan }
    }

    func presentation(_ id: EncodingID) async throws -> Presentation {
        guard let presentation = try await playback.presentation(id) else { throw Failure(description: "not planned") }
        return presentation
    }

    /// A rendition as a player gets it: the init segment and all segments, decrypted, in one file.
    func served(_ id: EncodingID, _ name: String, of presentation: Presentation? = nil) async throws -> String {
        let presentation = if let presentation { presentation } else { try await self.presentation(id) }
        guard let rendition = presentation[name] else { throw Failure(description: "no \(name)") }
        var bytes = try await whole(playback.initSegment(id, rendition: name))
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
            let bytes = try await whole(playback.initSegment(id, rendition: shown))
            paths.append("\(folder)/\(id)-\(name)-\(number).mp4")
            try await Data(bytes + segment(number, of: rendition, id, shown)).write(to: URL(filePath: paths[number]))
        }
        return paths
    }

    /// As a player decrypts it.
    private func segment(
        _ number: Int, of rendition: Presentation.Track, _ id: EncodingID, _ name: String
    ) async throws -> [UInt8] {
        let segment = try await whole(playback.segment(id, rendition: name, number: number))
        guard let key = try await playback.key(id, rendition: rendition.name) else { return segment }
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
        try await storage.blobs.list(folder).map(\.key.description).sorted()
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

/// All that was told of captions.
final class CaptionsLog: Sendable {
    private let told = Mutex<[(EncodingID, [(captions: Presentation.Captions, text: String)])]>([])

    func append(_ id: EncodingID, _ captions: [(captions: Presentation.Captions, text: String)]) {
        told.withLock { $0.append((id, captions)) }
    }

    func all(of id: EncodingID) -> [[(captions: Presentation.Captions, text: String)]] {
        told.withLock { $0.filter { $0.0 == id }.map(\.1) }
    }
}

/// All changes that were committed, and those who wait for the next.
final class ChangeLog: Sendable {
    private struct State {
        var changes: [(EncodingID, EncodingProgress)] = []
        var waiters:
            [(EncodingID, @Sendable (EncodingProgress) -> Bool, CheckedContinuation<EncodingProgress, Never>)] = []
    }

    private let state = Mutex(State())

    func append(_ id: EncodingID, _ change: EncodingProgress) {
        let woken = state.withLock { state in
            state.changes.append((id, change))
            let woken = state.waiters.filter { $0.0 == id && $0.1(change) }
            state.waiters.removeAll { $0.0 == id && $0.1(change) }
            return woken.map(\.2)
        }
        for waiter in woken { waiter.resume(returning: change) }
    }

    func all(of id: EncodingID) -> [EncodingProgress] {
        state.withLock { $0.changes.filter { $0.0 == id }.map(\.1) }
    }

    func first(
        of id: EncodingID, where matches: @escaping @Sendable (EncodingProgress) -> Bool
    ) async -> EncodingProgress {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> EncodingProgress? in
                if let known = state.changes.first(where: { $0.0 == id && matches($0.1) }) { return known.1 }
                state.waiters.append((id, matches, continuation))
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
