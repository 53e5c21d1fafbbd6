import Glibc
import Media
import Reactor
import SQL
import Storage
import Synchronization

extension Workshop {
    /// Makes a copy of the source whose times and frames are what the decoder shows, and plans the video anew from it. Its
    /// picture is the best of the renditions at the same time.
    func makeMezzanine(_ job: Job) async throws {
        let (id, facts) = (job.task.video, job.record.facts)
        let folder = try await workFolder(job)
        let file = "\(folder)/mezzanine.mp4"
        let (grown, frames) = try await readWhole(job, into: file, folder: folder)
        var found = try await look(at: file)
        if facts.video == nil {
            try await verifyDecoding([file], effort: .wholeFilm)
        } else {
            _ = try await reader.run(
                VerifyMezzanine(path: file), reads: [file, PacketChecksums.path(of: file)], effort: .wholeFilm)
        }
        var planned = try await PlanVideo(reader: reader, limits: settings.limits)(file, found, folder: folder)
        guard facts.video == nil || planned.plan.segments.frameCount == frames else {
            throw VerificationFailure(
                description: "the mezzanine has \(planned.plan.segments.frameCount) frames, not \(frames)")
        }
        // bound: times subtract without overflow
        let rest = planned.plan.duration - planned.plan.segments.duration
        if facts.video != nil, rest > Self.longestRest {
            try await holdPicture(for: rest, job, file: file, folder: folder)
            found = try await look(at: file)
            planned = try await PlanVideo(reader: reader, limits: settings.limits)(file, found, folder: folder)
        }
        label(&planned.plan, as: facts.sounds)
        planned.plan = planned.plan.named(inRound: Self.round(of: job))
        if let grown, !planned.plan.continues(grown) {
            planned.plan = planned.plan.named(inRound: grown.round + 1)
        }
        try await storage.blobs.adopt(fileAt: file, as: VideoFiles.mezzanine(id))
        try await keep(planned, job, mezzanine: found)
    }

    /// Of the names of all that is made from the mezzanine: behind those of a plan that did not hold.
    private static func round(of job: Job) -> Int {
        job.record.plan.map { $0.isGrowing ? $0.round : $0.round + 1 } ?? 1
    }

    /// The mezzanine's sounds come in the order of the original's, behind its picture.
    private func label(_ plan: inout EncodingPlan, as sounds: [AudioFacts]) {
        for (position, audio) in plan.audio.enumerated() {
            let place = audio.streamIndex - (plan.steps.isEmpty ? 0 : 1)
            if sounds.indices.contains(place) { plan.audio[position].label = sounds[place].label }
        }
    }

    /// Sound that goes on for longer gets a picture.
    private static let longestRest = MediaTime.seconds(2)
    private static let heldPicturesPerSecond = 2

    private func look(at file: String) async throws -> MediaFacts {
        do {
            return try await InspectMedia(reader: reader, limits: settings.limits).probed(file)
        } catch let error as InspectionError {
            throw Unplannable(
                .corruptFile, detail: "nothing of it can be decoded: \(error.code.rawValue) \(error.detail)")
        }
    }

    /// The last picture stays until the sound ends: all pictures at a slow, steady rate.
    private func holdPicture(for time: MediaTime, _ job: Job, file: String, folder: String) async throws {
        let held = "\(folder)/held.mp4"
        let filters =
            "fps=\(Self.heldPicturesPerSecond):eof_action=pass,tpad=stop_mode=clone:stop_duration=\(time.decimalSeconds)"
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1"] + MediaTool.input(file)
            + ["-map", "0:v", "-map", "0:a", "-c:a", "copy", "-vf", filters, "-c:v", "libx264", "-preset", "veryfast"]
            + ["-crf", "21", "-profile:v", "high", "-g", "\(Self.heldPicturesPerSecond * 4)", "-bf", "0"]
            + ["-video_track_timescale", "\(MezzanineCommand.timescale)", "-f", "mp4", "file:\(held)"]
        var effort = MediaTool.Effort.wholeFilm
        effort.fileBytes = UInt64(max(1 << 20, try await storage.workspace.usableSpace()))
        _ = try await tool.run(.ffmpeg, arguments, reads: [file], writes: folder, effort: effort)
        try await pool.run {
            guard rename(held, file) == 0 else {
                throw VerificationFailure(description: "what was made could not be renamed, error \(errno)")
            }
        }
    }

    /// What can be decoded is taken, however ffmpeg ends. Where there is nothing to watch yet, the beginning is shown while the
    /// rest is read.
    /// - Returns: what was shown, and how many frames there are by ffmpeg's own count.
    private func readWhole(
        _ job: Job, into file: String, folder: String
    ) async throws -> (grown: EncodingPlan?, frames: Int) {
        let facts = job.record.facts
        let step = facts.video.flatMap {
            Ladder.steps(for: $0, frameRate: $0.averageFrameRate?.value ?? 25).first
        }
        // Sound that is announced and never comes keeps the picture waiting: the last attempt does without it.
        let hasSound = facts.mainAudio != nil && (step == nil || job.task.attempts < settings.maxAttempts)
        let command = MezzanineCommand(
            source: try await original(job), facts: facts, step: step, hasSound: hasSound,
            threads: settings.workerCount, file: file)
        var effort = MediaTool.Effort.wholeFilm
        effort.fileBytes = try await bound(of: step, facts)
        // A line every second, for two days.
        effort.maxOutputBytes = 256 << 20
        let (times, told) = AsyncStream.makeStream(of: Double.self, bufferingPolicy: .bufferingNewest(1))
        let limited = effort
        let progress = Mutex(MezzanineCommand.Progress())
        async let running = {
            defer { told.finish() }
            return try await tool.start(
                .ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: limited
            ) { bytes in
                let news = progress.withLock { $0.update(bytes) ? $0.seconds : nil }
                if let news { told.yield(news) }
            }
        }()
        var grown = job.record.plan.flatMap { $0.isGrowing ? $0 : nil }
        if !job.record.isReady || grown != nil {
            var tried = 0.0
            for await time in times where time > tried * 1.3 + Self.firstLook {
                tried = time
                grown = try await grow(job, command, folder: folder, after: grown)
            }
        }
        let result = try await running
        if result.words.contains("No space left on device") { throw StorageError.noSpace }
        let isStuck = hasSound && result.words.contains("Too many packets buffered")
        let isThere = try await pool.run { (try? OpenFile(path: file).byteCount) ?? 0 > 0 }
        // Whoever was killed was not at the end of the film.
        var isNatural = false
        if case .exited = result.ending { isNatural = true }
        guard isNatural, isThere, !isStuck else { throw ToolFailure(ending: result.ending, words: result.words) }
        return (grown, progress.withLock(\.frames))
    }

    /// What the mezzanine takes at most, in bytes, where there is room for it: the stated length may be wrong.
    private func bound(of step: LadderStep?, _ facts: MediaFacts) async throws -> UInt64 {
        let wanted = max(facts.duration * Double(step?.cap ?? Self.soundCap) / 2, Double(facts.byteCount) * 20)
        let room = try await storage.workspace.usableSpace()
        guard room > facts.byteCount else { throw StorageError.noSpace }
        return UInt64(min(room, Int(clamping: wanted).addingSaturated(64 << 20)))
    }

    /// Bits a second of all sound.
    private static let soundCap = 1_000_000

    /// In seconds of the film: what a first segment needs to be settled.
    private static let firstLook = 13.0

    /// Makes what will not change any more of the copied renditions.
    /// - Returns: all that is shown after that.
    private func grow(
        _ job: Job, _ command: MezzanineCommand, folder: String, after shown: EncodingPlan?
    ) async throws -> EncodingPlan? {
        let id = job.task.video
        let work = PlanGrowing(path: command.file, facts: command.result, limits: settings.limits)
        let found = try await reader.run(work, reads: [command.file], effort: .viewer)
        guard let whole = found.plan?.named(inRound: Self.round(of: job)),
            whole.segments.segments.indices.contains(found.settledCount)
        else { return shown }
        try whole.check(settings.limits)
        let plan = whole.beginning(found.settledCount)
        let known = shown?.segments.segments.count ?? 0
        guard found.settledCount > known, shown.map(plan.continues) ?? true else { return shown }
        var renditions = renditions(of: plan, expected: [:])
        // There is at least one more.
        for position in renditions.indices { renditions[position].segmentCount += 1 }
        let (queue, ledger, task, rows) = (queue, ledger, job.task, renditions)
        try await database.write { transaction in
            guard try queue.holds(task, in: transaction) else { throw CancellationError() }
            try EncodingStore.setRenditions(rows, of: id, in: transaction)
        }
        let copy = CopySegments(
            path: command.file, plan: whole, videoIndex: command.step == nil ? nil : 0,
            keys: try await ciphers(job).compactMapValues(\.key),
            numbers: Array(known..<found.settledCount), byteLimit: .max, fileByteCount: found.byteCount, folder: folder)
        let answers = Mutex<[CopySegments.Answer]>([])
        try await reader.run(copy, reads: [command.file], writes: folder, effort: .viewer) { answer in
            answers.withLock { $0.append(answer) }
        }
        var (made, codecs) = ([MadeSegment](), String?.none)
        for answer in answers.withLock({ $0 }) {
            switch answer {
            case .opened(let found): codecs = found
            case .made(let segments): made += segments
            }
        }
        let there = try await publish(made, initSegments: plan.copiedRenditions, in: folder, of: id)
        try await database.write { [codecs] transaction in
            guard try queue.holds(task, in: transaction) else { throw CancellationError() }
            try EncodingStore.setPlan(plan, of: id, in: transaction)
            if let codecs, let top = plan.steps.first {
                try EncodingStore.setCodecs(codecs, top.name, of: id, in: transaction)
            }
            try EncodingStore.count(there, of: id, in: transaction)
            try ledger.settle(id, in: transaction)
        }
        return plan
    }

    /// When all is made from the mezzanine: it goes, and so do the renditions that it replaced.
    func cleanUp(_ job: Job) async throws {
        let id = job.task.video
        let captions = job.record.plan?.captions.map(\.name) ?? []
        let names = try await database.read { try EncodingStore.renditions(id, in: $0) }.map(\.name) + captions
        try await storage.blobs.remove(VideoFiles.mezzanine(id))
        for folder in Set(
            try await storage.blobs.list(VideoFiles.folder(id)).compactMap { VideoFiles.renditionName($0.key) })
        where !names.contains(folder) {
            if let key = VideoFiles.rendition(id, folder) { try await storage.blobs.removeTree(key) }
        }
        let (queue, task) = (queue, job.task)
        try await database.write { try queue.finish(task, in: $0) }
    }
}
