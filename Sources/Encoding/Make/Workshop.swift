import Media
import Reactor
import SQL
import Security
import Storage

/// Does the tasks of the queue. Each function makes something, verifies it, gives it its name in the storage, and
/// then writes it down in one transaction.
struct Workshop: Sendable {
    let settings: EncodingSettings
    let database: Database
    let storage: LocalStorage
    let tool: MediaTool
    /// For what blocks: reading samples, cutting, encrypting.
    let pool: BlockingPool
    let queue: TaskQueue
    let ledger: Ledger
    let demands: Demands
    let losses: KnownLosses

    /// - Parameter isAwaited: viewers wait for it, so only what they wait for is made now.
    /// - Parameter place: given back as soon as nothing but storing is left.
    func run(_ task: EncodingTask, isAwaited: Bool, in place: Place? = nil) async throws {
        guard let record = try await database.read({ try EncodingStore.record(task.video, in: $0) }) else { return }
        let job = Job(task: task, record: record, effort: isAwaited ? .viewer : .background, place: place)
        do {
            try await perform(job, isAwaited: isAwaited)
        } catch {
            try? await storage.removeTree(VideoFiles.work(task.id))
            try? await removeOrphans(of: task.video)
            throw error
        }
        try await storage.removeTree(VideoFiles.work(task.id))
    }

    /// A video may be removed between an output's name and its row: then what was named last is taken away again.
    private func removeOrphans(of id: EncodingID) async throws {
        let database = database
        let storage = storage
        // The task itself may be cancelled; this must not be.
        try await Task {
            guard try await database.read({ try EncodingStore.outline(id, in: $0) }) == nil else { return }
            try await storage.removeTree(VideoFiles.folder(id))
        }.value
    }

    /// A task with all that is known about its video.
    struct Job: Sendable {
        var task: EncodingTask
        var record: EncodingRecord
        var effort: MediaTool.Effort
        var place: Place?

        var facts: MediaFacts { record.facts }
    }

    private func perform(_ job: Job, isAwaited: Bool) async throws {
        switch job.task.kind {
        case .plan: try await plan(job)
        case .copy: try await copy(job, try planned(job))
        case .opening: try await open(job, try planned(job))
        case .heads: try await makeHeads(job, try planned(job))
        case .chunk: try await encodeChunk(job, try planned(job), isAwaited: isAwaited)
        case .audio: try await encodeAudio(job, try planned(job))
        case .thumbnail: try await makeThumbnail(job)
        case .storyboard: try await makeStoryboard(job)
        }
    }

    private func planned(_ job: Job) throws -> EncodingPlan {
        guard let plan = job.record.plan else { throw VerificationFailure(description: "the video is not planned") }
        return plan
    }

    func original(_ job: Job) -> String { storage.path(of: VideoFiles.original(job.task.video)) }

    func workFolder(_ job: Job) async throws -> String {
        try await storage.makeWorkFolder(VideoFiles.work(job.task.id))
    }

    /// The keys of a video's renditions by name; a rendition without one stays in the clear.
    func ciphers(_ job: Job) async throws -> [String: SegmentCipher] {
        let id = job.task.video
        let renditions = try await database.read { try EncodingStore.renditions(id, in: $0) }
        return Dictionary(uniqueKeysWithValues: renditions.map { ($0.name, SegmentCipher(key: $0.key)) })
    }

    /// Names the outputs. Init segments come first: a segment is never there without the one that explains it.
    func publish(_ batches: [SegmentBatch], of id: EncodingID) async throws {
        let blobs = batches.flatMap { batch -> [Blob] in
            let start = VideoFiles.initSegment(id, batch.rendition).map { [Blob($0, batch.initSegment)] } ?? []
            return start
                + batch.segments.compactMap { made, bytes in
                    VideoFiles.segment(id, made.rendition, made.number).map { Blob($0, bytes) }
                }
        }
        try await storage.write(blobs)
    }

    func finish(_ job: Job, _ made: [MadeSegment], isDone: Bool = true) async throws {
        let (ledger, task) = (ledger, job.task)
        try await database.write { try ledger.record(made, of: task, isDone: isDone, in: $0) }
    }
}
