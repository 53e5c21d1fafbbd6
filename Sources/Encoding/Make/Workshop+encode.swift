import Media
import Reactor
import SQL
import Storage

extension Workshop {
    /// The first chunk of a low rendition, with all of the machine: then there is something to watch.
    func open(_ job: Job, _ plan: EncodingPlan) async throws {
        guard let step = Ladder.first(of: plan.steps) else { return try await finish(job, []) }
        let segments = plan.segments(ofChunk: 0)
        let stock = try await stock([step], segments, of: job.task.video, plan)
        guard !stock.missing.isEmpty else { return try await finish(job, stock.there) }
        var urgent = job
        urgent.effort = .viewer
        let made = try await encode(urgent, plan, segments, [step], threads: settings.workerCount)
        try await finish(job, made)
    }

    /// All renditions of a chunk that are not there.
    func encodeChunk(_ job: Job, _ plan: EncodingPlan) async throws {
        let segments = plan.segments(ofChunk: job.task.chunk)
        guard !segments.isEmpty else { return try await finish(job, []) }
        let stock = try await stock(plan.steps.filter { !$0.isCopy }, segments, of: job.task.video, plan)
        guard !stock.missing.isEmpty else { return try await finish(job, stock.there) }
        let made = try await encode(
            job, plan, segments, stock.missing, threads: try await threads(), seamOf: job.task.chunk)
        try await finish(job, stock.there + made)
    }

    /// What viewers wait for, whoever else may be about to make it: a segment in the renditions that they want, and
    /// the one after it.
    /// - Returns: false when there is nothing to make.
    func makeAwaited(_ demand: Demands.Demand, in task: EncodingTask) async throws -> Bool {
        let id = demand.video
        guard let record = try await database.read({ try EncodingStore.record(id, in: $0) }) else { return false }
        let job = Job(task: task, record: record, effort: .viewer)
        let plan = try planned(job)
        let wanted = demands.renditions(with: demand)
        let steps = plan.steps.filter { !$0.isCopy && wanted.contains($0.name) }
        let number = demand.segment
        let missing = try await stock(steps, number..<number + 1, of: id, plan).missing
        guard !missing.isEmpty else { return false }
        let range = number..<min(number + 2, plan.segments.segments.count)
        try await work(job) { job in
            let made = try await encode(job, plan, range, missing, threads: settings.workerCount)
            let ledger = ledger
            try await database.write { transaction in
                guard try EncodingStore.outline(id, in: transaction) != nil else { throw CancellationError() }
                try ledger.record(made, of: id, in: transaction)
            }
        }
        return true
    }

    /// One thread for each worker does the most work in the same time; the last tasks also use what the others leave.
    private func threads() async throws -> Int {
        let most = settings.workerCount
        let waiting = try await database.read { try TaskQueue.waitingChunks(most: most, in: $0) }
        guard waiting < settings.workerCount else { return 1 }
        return max(min(2, settings.workerCount), settings.workerCount / (waiting + 1))
    }

    /// The init segments of all renditions, from one frame each.
    func makeHeads(_ job: Job, _ plan: EncodingPlan) async throws {
        let steps = plan.steps.filter { !$0.isCopy }
        let folder = try await workFolder(job)
        var command = try await command(job, plan, 0..<1, steps, folder: folder, threads: 1)
        command.frameLimit = 1
        let effort = try await effort(job, writing: steps.map { Self.bound(of: $0, plan, 0..<1) })
        _ = try await tool.run(.ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: effort)
        let work = MakeInitSegments(
            plan: plan, chunks: steps.map { EncodedChunk(step: $0, path: command.file($0)) }, folder: folder)
        let names = try await reader.run(work, reads: [folder], writes: folder, effort: job.effort)
        try await publish([], initSegments: names, in: folder, of: job.task.video)
        try await finish(job, [])
    }

    /// Renditions of which a segment is missing, and the segments of all others. Those that failed are not looked at.
    private func stock(
        _ steps: [LadderStep], _ segments: Range<Int>, of id: EncodingID, _ plan: EncodingPlan
    ) async throws -> (missing: [LadderStep], there: [MadeSegment]) {
        let renditions = try await database.read { try EncodingStore.renditions(id, in: $0) }
        let failed = Set(renditions.filter(\.isFailed).map(\.name))
        var missing: [LadderStep] = []
        var there: [MadeSegment] = []
        for step in steps where !failed.contains(step.name) {
            let sizes = try await storage.blobs.sizes(
                of: segments.compactMap { VideoFiles.segment(id, step.name, $0) })
            let made = zip(segments, sizes).compactMap { number, size in
                size.map {
                    MadeSegment(
                        rendition: step.name, number: number, byteCount: $0,
                        duration: plan.segments.segments[number].duration)
                }
            }
            if made.count == segments.count { there += made } else { missing.append(step) }
        }
        return (missing, there)
    }

    private func command(
        _ job: Job, _ plan: EncodingPlan, _ segments: Range<Int>, _ steps: [LadderStep], folder: String, threads: Int
    ) async throws -> EncodeCommand {
        let parts = try await sourceInParts(job, plan, segments)
        let source = if let parts { parts } else { try await source(job) }
        var command = EncodeCommand(
            source: source, video: try job.video, plan: plan,
            segments: segments, steps: steps,
            folder: folder,
            threads: max(1, threads))
        command.isInParts = parts != nil
        // Streams without an index are found by guessing: begin early enough to meet a keyframe.
        let hasIndex = !["mpegts", "mpeg", "flv", "ogg"].contains(job.facts.container)
        command.seekMargin = [hasIndex ? 0 : 12, 15, 60][min(max(1, job.task.attempts), 3) - 1]
        return command
    }

    /// One ffmpeg for all renditions of a chunk; then each is checked, cut, encrypted and named.
    private func encode(
        _ job: Job, _ plan: EncodingPlan, _ segments: Range<Int>, _ steps: [LadderStep], threads: Int,
        seamOf chunk: Int? = nil
    ) async throws -> [MadeSegment] {
        let id = job.task.video
        let folder = try await workFolder(job)
        var command = try await command(job, plan, segments, steps, folder: folder, threads: threads)
        command.showsSeam = chunk != nil
        let effort = try await effort(job, writing: steps.map { Self.bound(of: $0, plan, segments) })
        var result = try await tool.run(
            .ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: effort)
        if command.isInParts, Self.complains(result.words) {
            // It may have come upon a hole.
            (command.source, command.isInParts) = (try await source(job), false)
            result = try await tool.run(
                .ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: effort)
        }
        let isDamaged = try await judge(result.words, job, plan, segments)
        if isDamaged {
            // What is covered at a seam looks otherwise from ahead.
            (command.coversDamage, command.showsSeam, command.seekMargin) = (true, false, Self.coveringMargin)
            _ = try await tool.run(
                .ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: effort)
        } else if let chunk {
            try await checkSeam(of: chunk, job, folder: folder)
        }
        let chunks = try await encodedChunks(job, steps) { command.file($0) }
        let work = CutPicture(
            plan: plan, segments: segments, chunks: chunks, isDamaged: isDamaged, folder: folder)
        let made = try await reader.run(work, reads: [folder], writes: folder, effort: job.effort)
        job.place?.giveBack()
        let names = steps.map(\.name)
        try await checkInitSegments(names, in: folder, of: id)
        return try await publish(made, initSegments: names, in: folder, of: id)
    }

    /// In seconds: far enough ahead to have seen a picture.
    private static let coveringMargin = 15.0

    /// What the decoder says of a source whose frames all came out.
    /// - Returns: whether its copied picture is damaged there. Some players end where that cannot be decoded; what is encoded
    ///   hides it.
    private func judge(
        _ words: String, _ job: Job, _ plan: EncodingPlan, _ segments: Range<Int>
    ) async throws -> Bool {
        if words.contains("first frame is no keyframe") {
            throw PlanFailure(description: "decoding began at a frame that is no keyframe")
        }
        guard Self.complains(words), job.record.mezzanine == nil else { return false }
        let chunk = plan.chunk(ofSegment: segments.lowerBound)
        try await reportDamage(job, plan, in: chunk..<chunk + 1)
        return plan.copying != nil
    }

    /// Whether a decoder says that something could not be decoded.
    static func complains(_ words: String) -> Bool {
        ["Error while decoding", "Error submitting packet to decoder", "corrupt decoded frame"]
            .contains(where: words.contains)
    }

    /// What was copied of these chunks is looked at segment by segment. Where nothing was, the owner is told at once.
    private func reportDamage(_ job: Job, _ plan: EncodingPlan, in chunks: Range<Int>) async throws {
        let (ledger, id, isCopied) = (ledger, job.task.video, !plan.copiedRenditions.isEmpty)
        let start = plan.segments.segments[plan.segments(ofChunk: chunks.lowerBound).lowerBound].start
        try await database.write { transaction in
            guard isCopied else { return try ledger.warnOfDamage(at: start, of: id, in: transaction) }
            for chunk in chunks {
                try TaskQueue.add(
                    .mend, chunk: chunk, of: id, priority: EncodingTask.Priority.rest, in: transaction)
            }
        }
    }

    /// A chunk begins with the picture that the one before saw behind its own, and so does the one that follows.
    private func checkSeam(of chunk: Int, _ job: Job, folder: String) async throws {
        let id = job.task.video
        let seam = try await pool.run { try ChunkSeam(folder: folder) }
        let holds = try await database.write { transaction in
            let before = try EncodingStore.seam(of: id, chunk: chunk - 1, in: transaction)
            let after = try EncodingStore.seam(of: id, chunk: chunk + 1, in: transaction)
            try EncodingStore.setSeam(seam, of: id, chunk: chunk, in: transaction)
            return ChunkSeam.holds(before, seam) && ChunkSeam.holds(seam, after)
        }
        guard holds else {
            throw PlanFailure(description: "decoding from the middle shows other pictures than from further ahead")
        }
    }

    /// Decodes what is copied and nothing is encoded from.
    func check(_ job: Job, _ plan: EncodingPlan) async throws {
        let path = try await source(job)
        var streams = plan.audio.filter { $0.making == .copy }.map(\.streamIndex)
        if plan.copying != nil, plan.steps.allSatisfy(\.isCopy) { streams.append(try job.video.index) }
        let arguments =
            ["-nostdin", "-v", "warning", "-threads", "1", "-max_error_rate", "1"] + MediaTool.input(path)
            + streams.flatMap { ["-map", "0:\($0)"] }
            + ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"]
        let result = try await tool.run(.ffmpeg, arguments, reads: [path], effort: job.effort)
        if Self.complains(result.words), job.record.mezzanine == nil {
            try await reportDamage(job, plan, in: plan.chunkStarts.indices)
        }
        try await finish(job, [])
    }

    /// What one rendition of a chunk takes at most, in bytes: twice what its cap allows, its buffer included.
    private static func bound(of step: LadderStep, _ plan: EncodingPlan, _ segments: Range<Int>) -> Int {
        let seconds = plan.segments.segments[segments].reduce(0) { $0 + $1.duration.seconds } + 2
        return Int(clamping: Double(step.cap) / 8 * seconds * 2) + (4 << 20)
    }

    private func encodedChunks(
        _ job: Job, _ steps: [LadderStep], _ file: (LadderStep) -> String
    ) async throws -> [EncodedChunk] {
        let ciphers = try await ciphers(job)
        return steps.map { EncodedChunk(step: $0, path: file($0), key: ciphers[$0.name]?.key) }
    }

    /// Every chunk of a rendition must be explained by the same init segment.
    func checkInitSegments(_ names: [String], in folder: String, of id: EncodingID) async throws {
        let sealed = SealedFiles(folder: folder)
        for name in names {
            guard let key = VideoFiles.initSegment(id, name), let there = try await storage.blobs.open(key)?.file else {
                continue
            }
            let isTheSame = try await pool.run {
                let new = try OpenFile(path: sealed.initSegment(name))
                return try new.byteCount == there.byteCount
                    && new.read(0..<new.byteCount) == there.read(0..<there.byteCount)
            }
            guard isTheSame else {
                throw VerificationFailure(description: "the encoded \(name) has other parameters than before")
            }
        }
    }

    /// Every frame of every file decodes without a complaint. Pixels that nobody looks at are not finished: what is
    /// wrong with the bits shows without that.
    func verifyDecoding(_ files: [String], effort: MediaTool.Effort) async throws {
        let options = ["-threads", "1", "-skip_loop_filter", "all", "-skip_idct", "all"]
        var arguments = ["-nostdin", "-v", "error", "-xerror"]
        for file in files { arguments += options + MediaTool.input(file) }
        for position in files.indices { arguments += ["-map", "\(position):0"] }
        let result = try await tool.run(
            // The muxer must not complain of times that its guess of a frame rate cannot tell apart.
            .ffmpeg, arguments + ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"], reads: files,
            effort: effort)
        guard result.words.isEmpty else { throw VerificationFailure(description: String(result.words.suffix(1000))) }
    }

    /// One chunk of the sound.
    func encodeAudio(_ job: Job, _ plan: EncodingPlan) async throws {
        let all = plan.soundChunks
        guard all.indices.contains(job.task.chunk) else { return try await finish(job, []) }
        let (audio, chunk) = all[job.task.chunk]
        guard let facts = job.facts.audio.first(where: { $0.index == audio.streamIndex }) else {
            return try await finish(job, [])
        }
        let segments = audio.segments(ofChunk: chunk)
        guard !segments.isEmpty else { return try await finish(job, []) }
        let folder = try await workFolder(job)
        let command = AudioCommand(
            source: try await source(job), facts: facts, audio: audio, plan: plan, segments: segments,
            file: "\(folder)/audio.mp4")
        // At most 160 kbit/s.
        let effort = try await effort(job, writing: [(audio.frames(of: segments).count + 1000) << 10])
        _ = try await tool.run(.ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: effort)
        try await verifyDecoding([command.file], effort: job.effort)
        let work = CutSound(
            path: command.file, audio: audio, duration: plan.segments.duration, segments: segments,
            keptFrames: command.keptFrames, key: try await ciphers(job)[audio.name]?.key, folder: folder)
        let made = try await reader.run(work, reads: [folder], writes: folder, effort: job.effort)
        let there = try await publish(
            made, initSegments: [audio.name], in: folder, of: job.task.video)
        try await finish(job, there)
    }
}
