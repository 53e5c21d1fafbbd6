import Media
import SQL
import Storage

extension Workshop {
    /// What stands in for segments of a copied rendition lies beside it, under a name of its own: what players have of it
    /// stays what it is.
    static func mended(_ rendition: String) -> String { "\(rendition)-mended" }

    /// A copied segment that cannot be decoded ends some players for good. It is replaced by what a decoder makes of it.
    func mend(_ job: Job, _ plan: EncodingPlan) async throws {
        let range = plan.segments(ofChunk: job.task.chunk)
        let names = plan.copiedRenditions
        guard !range.isEmpty, !names.isEmpty else { return try await finish(job, []) }
        let folder = try await workFolder(job)
        var path = try await source(job)
        if plan.copying == .viaMovie { path = try await copyToMovie(job, plan, folder: folder) }
        let mending = Mending(job: job, plan: plan, path: path, folder: folder)
        var made: [MadeSegment] = []
        for name in names {
            let damaged = try await damaged(range, of: name, mending)
            for number in damaged {
                made +=
                    plan.step(named: name) == nil
                    ? try await mendSound(number, of: name, mending)
                    : try await mendPicture(number, of: name, mending)
            }
        }
        try await checkInitSegments(Set(made.map(\.rendition)).sorted(), in: folder, of: job.task.video)
        let there = try await publish(
            made, initSegments: Set(made.map(\.rendition)).sorted(), in: folder, of: job.task.video)
        try await keep(there, mending)
    }

    private struct Mending {
        var job: Job
        var plan: EncodingPlan
        /// What the copied segments are cut from.
        var path: String
        var folder: String
    }

    private func uncover(
        _ ranges: [Range<Int>], of name: String, _ mending: Mending
    ) async throws -> UncoverSegments.Answer {
        let work = UncoverSegments(
            path: mending.path, plan: mending.plan, videoIndex: mending.job.facts.video?.index, renditions: [name],
            ranges: ranges, folder: mending.folder)
        return try await reader.run(
            work, reads: [mending.path, mending.folder], writes: mending.folder, effort: mending.job.effort)
    }

    /// Those of the segments that do not show all of their frames, or of which the decoder complains.
    private func damaged(_ range: Range<Int>, of name: String, _ mending: Mending) async throws -> [Int] {
        try await storage.workspace.requireSpace(range.count * StandardSource.maxSegmentBytes / 8)
        _ = try await uncover(range.map { $0..<$0 + 1 }, of: name, mending)
        var damaged: [Int] = []
        for number in range {
            let file = UncoverSegments.file(name, number..<number + 1, in: mending.folder)
            let arguments =
                ["-nostdin", "-v", "warning", "-threads", "1", "-max_error_rate", "1"] + MediaTool.input(file)
                + ["-map", "0:0", "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framecrc", "-"]
            let result = try await tool.start(.ffmpeg, arguments, reads: [file], effort: mending.job.effort)
            let frames = result.output.split(separator: UInt8(ascii: "\n")).count { $0.first != UInt8(ascii: "#") }
            let isWhole =
                mending.plan.step(named: name) == nil
                || frames == mending.plan.segments.segments[number].frameCount
            if !result.isSuccess || !isWhole || Self.complains(result.words) { damaged.append(number) }
        }
        return damaged
    }

    private func mendPicture(_ number: Int, of name: String, _ mending: Mending) async throws -> [MadeSegment] {
        let (job, plan) = (mending.job, mending.plan)
        let range = max(0, number - 1)..<min(number + 2, plan.segments.segments.count)
        guard let picture = try await uncover([range], of: name, mending).picture, var step = plan.steps.first else {
            throw PlanFailure(description: "there is no copied picture to mend")
        }
        (step.name, step.level, step.size) = (Self.mended(name), picture.level, picture.size)
        let command = MendCommand(
            source: UncoverSegments.file(name, range, in: mending.folder), segment: plan.segments.segments[number],
            timescale: plan.segments.timescale, frameRate: step.frameRate, picture: picture,
            file: "\(mending.folder)/mended.mp4")
        let effort = try await effort(job, writing: [StandardSource.maxSegmentBytes])
        _ = try await tool.run(
            .ffmpeg, command.arguments, reads: [command.source], writes: mending.folder, effort: effort)
        let chunk = EncodedChunk(
            step: step, path: command.file, key: try await ciphers(job)[name]?.key, profile: picture.profile)
        let work = CutPicture(
            plan: plan, segments: number..<number + 1, chunks: [chunk], isDamaged: true, folder: mending.folder)
        return try await reader.run(work, reads: [mending.folder], writes: mending.folder, effort: job.effort)
    }

    /// The sound around it is encoded too, so that the windows of neighbouring frames fit together.
    private func mendSound(_ number: Int, of name: String, _ mending: Mending) async throws -> [MadeSegment] {
        let (job, plan) = (mending.job, mending.plan)
        let range = max(0, number - 1)..<min(number + 2, plan.segments.segments.count)
        let place = try await uncover([range], of: name, mending).sounds[name]?[number]
        guard let place, var audio = plan.audio.first(where: { $0.name == name }),
            var facts = job.facts.audio.first(where: { $0.index == audio.streamIndex }), audio.codecs == "mp4a.40.2"
        else { throw PlanFailure(description: "there is no copied sound to mend") }
        // One segment, in whole frames, from its own beginning.
        let frames = (place.length.addingSaturated(Int64(AudioPlan.frameLength) - 1)) / Int64(AudioPlan.frameLength)
        audio.name = Self.mended(name)
        audio.making = .encode(chunkStarts: [0])
        audio.segmentDurations = [frames.multipliedSaturated(by: Int64(AudioPlan.frameLength))]
        facts.index = 0
        facts.sampleRate = audio.sampleRate
        var clock = plan
        clock.source = EncodingPlan.SourceClock(
            timeBase: Ratio(1, audio.sampleRate), start: place.start, factor: 1)
        let command = AudioCommand(
            source: UncoverSegments.file(name, range, in: mending.folder), facts: facts, audio: audio, plan: clock,
            segments: 0..<1, file: "\(mending.folder)/mended-sound.mp4")
        let effort = try await effort(job, writing: [Int(clamping: frames).addingSaturated(1000) << 10])
        _ = try await tool.run(
            .ffmpeg, command.arguments, reads: [command.source], writes: mending.folder, effort: effort)
        try await verifyDecoding([command.file], effort: job.effort)
        let work = CutSound(
            path: command.file, audio: audio, duration: plan.segments.duration, segments: 0..<1,
            keptFrames: command.keptFrames, firstNumber: number, firstTime: place.start,
            key: try await ciphers(job)[name]?.key, folder: mending.folder)
        return try await reader.run(work, reads: [command.file], writes: mending.folder, effort: job.effort)
    }

    /// From now on playlists name what was made in place of what it stands in for.
    private func keep(_ made: [MadeSegment], _ mending: Mending) async throws {
        let (task, plan, ledger) = (mending.job.task, mending.plan, ledger)
        let first = made.map(\.number).min().map { plan.segments.segments[$0].start }
        let mended = Dictionary(grouping: made, by: \.rendition)
        let names = plan.copiedRenditions
        try await database.write { transaction in
            guard try ledger.queue.holds(task, in: transaction) else { throw CancellationError() }
            for name in names {
                try EncodingStore.mend(mended[Self.mended(name)] ?? [], name, of: task.video, in: transaction)
            }
            if let first { try EncodingStore.addDamage(at: first, to: task.video, in: transaction) }
            try ledger.queue.finish(task, in: transaction)
            try ledger.settle(task.video, in: transaction)
        }
    }
}
