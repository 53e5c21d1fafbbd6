import Cryptography
import Media
import SQL

extension Workshop {
    /// Decides everything and puts the video's other tasks into the queue.
    func plan(_ job: Job) async throws {
        let planVideo = PlanVideo(reader: reader, limits: settings.limits)
        let folder = try await workFolder(job)
        let planned = try await planVideo(try await source(job), job.facts, folder: folder)
        try await keep(planned, job)
    }

    /// Writes a plan down; a plan that was there before is over with it.
    /// - Parameter mezzanine: what it was made from, where that is not the original.
    func keep(_ planned: PlannedVideo, _ job: Job, mezzanine: MediaFacts? = nil) async throws {
        let plan = {
            var plan = planned.plan
            plan.captions = CaptionsPlan.all(of: job.record.facts)
            return plan
        }()
        var expected: [String: HLS.Bandwidth] = [:]
        if let top = plan.steps.first { expected[top.name] = planned.copiedBandwidth }
        let renditions = renditions(of: plan, expected: expected)
        let warnings = warnings(job.record.facts, plan)
        let (task, queue, ledger) = (job.task, queue, ledger)
        try await database.write { transaction in
            guard try queue.holds(task, in: transaction) else { throw CancellationError() }
            if let mezzanine { try EncodingStore.setMezzanine(mezzanine, of: task.video, in: transaction) }
            for warning in warnings { try EncodingStore.add(warning, to: task.video, in: transaction) }
            try EncodingStore.setPlan(plan, of: task.video, in: transaction)
            try EncodingStore.removeSeams(of: task.video, in: transaction)
            try EncodingStore.setRenditions(renditions, of: task.video, in: transaction)
            try Self.addTasks(plan, of: task.video, isVerified: mezzanine != nil, in: transaction)
            try queue.finish(task, in: transaction)
            try ledger.settle(task.video, in: transaction)
        }
    }

    /// What is missing of what the original announces.
    private func warnings(_ facts: MediaFacts, _ plan: EncodingPlan) -> [MediaWarning] {
        var warnings: [MediaWarning] = []
        if facts.audio.count > plan.audio.count { warnings.append(MediaWarning(.soundMissing)) }
        // A container may tell more than there is; half of it is no mistake of rounding. Some count from their clock's 0.
        // bound: floating point
        if facts.duration > 4, plan.duration.seconds + max(0, plan.source.startSeconds) < facts.duration / 2 {
            warnings.append(MediaWarning(.truncated, detail: plan.duration.decimalSeconds))
        }
        return warnings
    }

    func renditions(of plan: EncodingPlan, expected: [String: HLS.Bandwidth]) -> [RenditionRecord] {
        let count = plan.segments.segments.count
        func key() -> [UInt8]? { settings.encryption == .aes128 ? Random.bytes(16) : nil }
        var renditions = plan.steps.map { step in
            RenditionRecord(
                name: step.name, isVideo: true, size: step.size, codecs: step.plannedCodecs, key: key(),
                expected: expected[step.name] ?? HLS.Bandwidth(peak: step.cap, average: step.cap), segmentCount: count,
                madeCount: 0, hasStart: false, madeBytes: 0, madeMicroseconds: 0, peak: 0, isFailed: false,
                isCopied: step.isCopy)
        }
        for audio in plan.audio {
            let rate = audio.channelCount > 2 ? 400_000 : 170_000
            renditions.append(
                RenditionRecord(
                    name: audio.name, isVideo: false, size: PixelSize(width: 0, height: 0),
                    codecs: audio.codecs, key: key(), expected: HLS.Bandwidth(peak: rate, average: rate),
                    segmentCount: count, madeCount: 0, hasStart: false, madeBytes: 0, madeMicroseconds: 0, peak: 0,
                    isFailed: false, isCopied: false))
        }
        return renditions
    }

    /// - Parameter isVerified: what is copied was decoded already.
    private static func addTasks(
        _ plan: EncodingPlan, of id: EncodingID, isVerified: Bool, in transaction: Transaction
    ) throws {
        func add(_ kind: EncodingTask.Kind, _ chunk: Int = 0, _ priority: Int) throws {
            try TaskQueue.add(kind, chunk: chunk, of: id, priority: priority, in: transaction)
        }
        if !plan.copiedRenditions.isEmpty { try add(.copy, 0, EncodingTask.Priority.first) }
        if plan.copying == nil, !plan.steps.isEmpty { try add(.opening, 0, EncodingTask.Priority.first) }
        for (number, sound) in plan.soundChunks.enumerated() {
            let isFirst = sound.chunk == 0
            try add(.audio, number, isFirst ? EncodingTask.Priority.first : EncodingTask.Priority.rest)
        }
        let isEncoded = plan.steps.contains { !$0.isCopy }
        if isEncoded {
            try add(.heads, 0, EncodingTask.Priority.heads)
            for chunk in plan.chunkStarts.indices { try add(.chunk, chunk, EncodingTask.Priority.rest) }
        }
        let isCopied = plan.audio.contains { $0.making == .copy } || (plan.copying != nil && !isEncoded)
        if isCopied, !isVerified { try add(.check, 0, EncodingTask.Priority.rest) }
        try add(.thumbnail, 0, EncodingTask.Priority.thumbnail)
        if !plan.steps.isEmpty { try add(.storyboard, 0, EncodingTask.Priority.storyboard) }
        if !plan.captions.isEmpty { try add(.captions, 0, EncodingTask.Priority.captions) }
    }
}
