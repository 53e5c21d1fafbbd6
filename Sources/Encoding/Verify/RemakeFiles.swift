import Media
import SQL
import Storage

/// What is lost of a video is made again from its original.
public struct RemakeFiles: Sendable {
    let queue: EncodingQueue
    let blobs: any BlobStore

    public init(_ queue: EncodingQueue, blobs: any BlobStore) {
        self.queue = queue
        self.blobs = blobs
    }

    /// Takes away what is damaged, and puts tasks into the queue for all of these.
    public func callAsFunction(_ findings: [VerifyEncoding.Finding], of id: EncodingID) async throws {
        for finding in findings where !finding.isMissing { try await blobs.remove(finding.file.key) }
        let hasMezzanine = try await blobs.exists(VideoFiles.mezzanine(id))
        let (files, queue) = (findings.map(\.file), queue)
        try await queue.database.write { transaction in
            guard let record = try EncodingStore.record(id, in: transaction), let plan = record.plan else { return }
            try EncodingStore.forgetSums(files.map(\.key), of: id, in: transaction)
            if record.needsMezzanine, !hasMezzanine {
                // What was made of it is watched until all is made anew, under other names.
                try EncodingStore.forgetMezzanine(id, in: transaction)
                try EncodingStore.removeTasks(of: id, in: transaction)
                try TaskQueue.add(.mezzanine, of: id, priority: EncodingTask.Priority.first, in: transaction)
            } else {
                for file in files { try Self.uncount(file, of: id, in: transaction) }
                for task in Set(files.map { Self.task(for: $0, plan) }) {
                    try TaskQueue.add(
                        task.kind, chunk: task.chunk, of: id, priority: EncodingTask.Priority.rest, in: transaction)
                }
            }
            _ = try EncodingStore.forgive(id, in: transaction)
            try EncodingStore.setState(.planned, of: id, in: transaction)
            try queue.ledger.settle(id, in: transaction)
            try queue.signals.tell(.waiting, of: id, in: transaction)
        }
    }

    private static func uncount(_ file: PromisedFile, of id: EncodingID, in transaction: Transaction) throws {
        guard case .segment(let rendition, let number, let isMended) = file.kind else { return }
        try EncodingStore.uncount([number], isMended: isMended, rendition, of: id, in: transaction)
    }

    private struct Task: Hashable {
        var kind: EncodingTask.Kind
        var chunk = 0
    }

    private static func task(for file: PromisedFile, _ plan: EncodingPlan) -> Task {
        switch file.kind {
        case .picture(.thumbnail): Task(kind: .thumbnail)
        case .picture: Task(kind: .storyboard)
        case .captions: Task(kind: .captions)
        case .mezzanine: Task(kind: .mezzanine)
        case .segment(_, let number, true): Task(kind: .mend, chunk: plan.chunk(ofSegment: number))
        case .segment(let rendition, let number, _): task(for: rendition, number, .chunk, plan)
        case .initSegment(let rendition): task(for: rendition, 0, .heads, plan)
        }
    }

    private static func task(
        for rendition: String, _ number: Int, _ picture: EncodingTask.Kind, _ plan: EncodingPlan
    ) -> Task {
        if let audio = plan.audio.first(where: { $0.name == rendition }) {
            guard audio.making != .copy else { return Task(kind: .copy) }
            let chunk = audio.chunk(ofSegment: number)
            let place = plan.soundChunks.firstIndex { $0.audio.name == rendition && $0.chunk == chunk }
            return Task(kind: .audio, chunk: place ?? 0)
        }
        if plan.step(named: rendition)?.isCopy == true { return Task(kind: .copy) }
        return Task(kind: picture, chunk: picture == .chunk ? plan.chunk(ofSegment: number) : 0)
    }
}
