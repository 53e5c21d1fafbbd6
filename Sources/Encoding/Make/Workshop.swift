import Media
import Reactor
import SQL
import Storage

/// Does the tasks of the queue. Each function makes something, verifies it, gives it its name in the storage, and
/// then writes it down in one transaction.
struct Workshop: Sendable {
    let settings: EncodingSettings
    let database: Database
    let storage: StorageServices
    let reader: ConfinedReader
    /// For what blocks: syncing and naming files.
    let pool: BlockingPool
    let queue: TaskQueue
    let ledger: Ledger
    let demands: Demands

    /// - Parameter place: given back as soon as nothing but storing is left.
    func run(_ task: EncodingTask, effort: MediaTool.Effort, in place: Place? = nil) async throws {
        guard let record = try await database.read({ try EncodingStore.record(task.video, in: $0) }) else { return }
        try await work(Job(task: task, record: record, effort: effort, place: place), perform)
    }

    /// Leaves nothing behind but what has its name and its row.
    func work(_ job: Job, _ body: (Job) async throws -> Void) async throws {
        let task = job.task
        do {
            try await body(job)
        } catch {
            try? await storage.workspace.removeFolder(VideoFiles.work(task))
            try? await removeOrphans(of: task.video)
            throw error
        }
        try await storage.workspace.removeFolder(VideoFiles.work(task))
    }

    /// A video may be removed between an output's name and its row: then what was named last is taken away again.
    private func removeOrphans(of id: EncodingID) async throws {
        let (database, blobs) = (database, storage.blobs)
        // The task itself may be cancelled; this must not be.
        try await Task {
            guard try await database.read({ try EncodingStore.outline(id, in: $0) }) == nil else { return }
            try await VideoFiles.removeMade(of: id, in: blobs)
        }.value
    }

    /// A task with all that is known about its video.
    struct Job: Sendable {
        var task: EncodingTask
        var record: EncodingRecord
        var effort: MediaTool.Effort
        var place: Place?

        var facts: MediaFacts { record.source }

        /// Of what has one.
        var video: VideoFacts {
            get throws {
                guard let video = facts.video else { throw VerificationFailure(description: "there is no picture") }
                return video
            }
        }
    }

    private func perform(_ job: Job) async throws {
        switch job.task.kind {
        case .plan: try await plan(job)
        case .copy: try await copy(job, try planned(job))
        case .opening: try await open(job, try planned(job))
        case .heads: try await makeHeads(job, try planned(job))
        case .chunk: try await encodeChunk(job, try planned(job))
        case .audio: try await encodeAudio(job, try planned(job))
        case .thumbnail: try await makeThumbnail(job)
        case .storyboard: try await makeStoryboard(job)
        case .captions: try await makeCaptions(job, try planned(job))
        case .check: try await check(job, try planned(job))
        case .mend: try await mend(job, try planned(job))
        case .mezzanine: try await makeMezzanine(job)
        case .cleanup: try await cleanUp(job)
        }
    }

    func planned(_ job: Job) throws -> EncodingPlan {
        guard let plan = job.record.plan else { throw VerificationFailure(description: "the video is not planned") }
        return plan
    }

    var tool: MediaTool { reader.tool }

    /// The file that everything is made from, here until the task's folder is removed.
    func source(_ job: Job) async throws -> String {
        if job.record.mezzanine == nil { return try await original(job) }
        return try await storage.workspace.fetch(
            VideoFiles.mezzanine(job.task.video), for: VideoFiles.work(job.task))
    }

    func original(_ job: Job) async throws -> String {
        try await storage.workspace.fetch(VideoFiles.original(job.task.video), for: VideoFiles.work(job.task))
    }

    func workFolder(_ job: Job) async throws -> String {
        try await storage.workspace.makeFolder(VideoFiles.work(job.task))
    }

    /// The job's effort for a run that writes files of at most these sizes, which must all fit on the disk.
    func effort(_ job: Job, writing sizes: [Int]) async throws -> MediaTool.Effort {
        try await storage.workspace.requireSpace(sizes.reduce(0) { $0.addingSaturated($1) })
        var effort = job.effort
        effort.fileBytes = UInt64(sizes.max() ?? 0)
        return effort
    }

    /// The keys of a video's renditions by name; a rendition without one stays in the clear.
    func ciphers(_ job: Job) async throws -> [String: SegmentCipher] {
        let id = job.task.video
        let renditions = try await database.read { try EncodingStore.renditions(id, in: $0) }
        return Dictionary(uniqueKeysWithValues: renditions.map { ($0.name, SegmentCipher(key: $0.key)) })
    }

    /// Names the outputs that confined work left in a folder. Init segments come first: a segment is never there without the
    /// one that explains it. What is there already stays as it is, because players may keep it for ever.
    /// - Returns: what is there now.
    @discardableResult
    func publish(
        _ segments: [MadeSegment], initSegments: [String] = [], in folder: String, of id: EncodingID
    ) async throws -> [MadeSegment] {
        let sealed = SealedFiles(folder: folder)
        let first = initSegments.compactMap { name in
            VideoFiles.initSegment(id, name).map { WorkFile(sealed.initSegment(name), as: $0) }
        }
        let rest = segments.compactMap { made in
            VideoFiles.segment(id, made.rendition, made.number)
                .map { WorkFile(sealed.segment(made.rendition, made.number), as: $0) }
        }
        let sums = try await sums(of: rest)
        let sizes = try await storage.blobs.adopt(first, before: rest).dropFirst(first.count)
        return zip(zip(segments, sizes), sums).map { known, sum in
            var made = known.0
            made.byteCount = known.1
            made.sum = sum
            return made
        }
    }

    /// Of files that become blobs; nil for those in whose place another one is.
    private func sums(of files: [WorkFile]) async throws -> [[UInt8]?] {
        guard !files.isEmpty else { return [] }
        let there = try await storage.blobs.sizes(of: files.map(\.key))
        return try await pool.run {
            try zip(files, there).map { file, size -> [UInt8]? in
                guard size == nil else { return nil }
                return Array(try file.sha256().prefix(SegmentSums.width))
            }
        }
    }

    /// From now on these small blobs are known by what they are.
    func keepSums(of keys: [BlobKey], _ id: EncodingID) async throws {
        var sums: [BlobKey: [UInt8]] = [:]
        for key in keys { sums[key] = SegmentSums.sum(of: try await storage.blobs.read(key)) }
        try await database.write { [sums] in try EncodingStore.setSums(sums, of: id, in: $0) }
    }

    func finish(_ job: Job, _ made: [MadeSegment], isDone: Bool = true) async throws {
        let (ledger, task) = (ledger, job.task)
        try await database.write { try ledger.record(made, of: task, isDone: isDone, in: $0) }
    }
}
