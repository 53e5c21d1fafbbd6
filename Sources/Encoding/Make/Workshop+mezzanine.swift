import Glibc
import Media
import Reactor
import SQL
import Storage

extension Workshop {
    /// Makes a copy of the source whose times and frames are what the decoder shows, and plans the video anew from it. Its
    /// picture is the best of the renditions at the same time.
    func makeMezzanine(_ job: Job) async throws {
        let (id, facts) = (job.task.video, job.record.facts)
        let folder = try await workFolder(job)
        let file = "\(folder)/mezzanine.mp4"
        try await readWhole(job, into: file, folder: folder)
        var found = try await look(at: file)
        var planned = try await PlanVideo(reader: reader, limits: settings.limits)(file, found, folder: folder)
        let rest = planned.plan.duration - planned.plan.segments.duration
        if rest > Self.longestRest {
            try await holdPicture(for: rest, job, file: file, folder: folder)
            found = try await look(at: file)
            planned = try await PlanVideo(reader: reader, limits: settings.limits)(file, found, folder: folder)
        }
        if job.record.plan != nil { planned.plan = planned.plan.asSecond }
        planned.plan.audio?.language = facts.mainAudio?.language
        try await storage.adopt(fileAt: file, as: VideoFiles.mezzanine(id))
        try await keep(planned, job, mezzanine: found)
        guard facts.mainAudio != nil, found.audio.isEmpty else { return }
        let ledger = ledger
        try await database.write { try ledger.warn(MediaWarning(.soundMissing), of: id, in: $0) }
    }

    /// Sound that goes on for longer gets a picture.
    private static let longestRest = MediaTime.seconds(2)
    private static let heldPicturesPerSecond = 2

    private func look(at file: String) async throws -> MediaFacts {
        do {
            return try await InspectMedia(reader: reader, limits: settings.limits).probed(file)
        } catch let error as InspectionError {
            throw Unplannable(.corruptFile, detail: "nothing of it can be decoded: \(error.code.rawValue) \(error.detail)")
        }
    }

    /// The last picture stays until the sound ends: all pictures at a slow, steady rate.
    private func holdPicture(for time: MediaTime, _ job: Job, file: String, folder: String) async throws {
        let held = "\(folder)/held.mp4"
        let filters = "fps=\(Self.heldPicturesPerSecond):eof_action=pass,tpad=stop_mode=clone:stop_duration=\(time.decimalSeconds)"
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1"] + MediaTool.input(file)
            + ["-map", "0:v", "-map", "0:a", "-c:a", "copy", "-vf", filters, "-c:v", "libx264", "-preset", "veryfast"]
            + ["-crf", "21", "-profile:v", "high", "-g", "\(Self.heldPicturesPerSecond * 2)", "-bf", "0"]
            + ["-video_track_timescale", "\(MezzanineCommand.timescale)", "-f", "mp4", "file:\(held)"]
        var effort = MediaTool.Effort.wholeFilm
        effort.fileBytes = UInt64(max(1 << 20, try await storage.usableSpace()))
        _ = try await tool.run(.ffmpeg, arguments, reads: [file], writes: folder, effort: effort)
        try await pool.run { guard rename(held, file) == 0 else { throw StorageError.noSpace } }
    }

    /// What can be decoded is taken, however ffmpeg ends.
    private func readWhole(_ job: Job, into file: String, folder: String) async throws {
        let facts = job.record.facts
        // Sound that is announced and never comes keeps the picture waiting: the last attempt does without it.
        let hasSound = facts.mainAudio != nil && job.task.attempts < settings.maxAttempts
        guard let step = Ladder.steps(for: facts.video, frameRate: facts.video.averageFrameRate?.value ?? 25).first
        else { throw VerificationFailure(description: "the picture has no size") }
        let command = MezzanineCommand(
            source: storage.path(of: VideoFiles.original(job.task.video)), facts: facts, step: step, hasSound: hasSound,
            threads: settings.workerCount, file: file)
        var effort = MediaTool.Effort.wholeFilm
        effort.fileBytes = UInt64(max(1 << 20, try await storage.usableSpace()))
        let result = try await tool.start(
            .ffmpeg, command.arguments, reads: [command.source], writes: folder, effort: effort)
        if result.words.contains("No space left on device") { throw StorageError.noSpace }
        let isStuck = hasSound && result.words.contains("Too many packets buffered")
        let isThere = try await pool.run { (try? OpenFile(path: file).byteCount) ?? 0 > 0 }
        guard result.isSuccess || !isStuck && isThere else {
            throw ToolFailure(ending: result.ending, words: result.words)
        }
    }

    /// When all is made from the mezzanine: it goes, and so do the renditions that it replaced.
    func cleanUp(_ job: Job) async throws {
        let id = job.task.video
        let names = try await database.read { try EncodingStore.renditions(id, in: $0) }.map(\.name)
        try await storage.remove(VideoFiles.mezzanine(id))
        for folder in Set(try await storage.list(VideoFiles.folder(id)).compactMap { VideoFiles.renditionName($0.key) })
        where !names.contains(folder) {
            if let key = VideoFiles.rendition(id, folder) { try await storage.removeTree(key) }
        }
        let (queue, task) = (queue, job.task)
        try await database.write { try queue.finish(task, in: $0) }
    }
}
