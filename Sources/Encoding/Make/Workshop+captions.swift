import Media
import Reactor
import SQL
import Storage

extension Workshop {
    /// Text of an hour takes some hundred kilobytes.
    private static let captionsBytes = 64 << 20

    /// The subtitles of the original as WebVTT, each that can be read.
    func makeCaptions(_ job: Job, _ plan: EncodingPlan) async throws {
        let folder = try await workFolder(job)
        let sources = try await readSubtitles(job, plan.captions, folder: folder)
        // A mezzanine begins where ffmpeg begins to count.
        let origin = Int64(clamping: (plan.source.startSeconds * 1000).rounded())
        let work = MakeCaptions(sources: sources, origin: origin, folder: folder)
        let names = try await reader.run(work, reads: [folder], writes: folder, effort: job.effort)
        let (id, ledger, task) = (job.task.video, ledger, job.task)
        let texts = try await pool.run { [folder] in
            try names.map { name in (name, try Self.text(at: MakeCaptions.file(name, in: folder))) }
        }
        let captions = texts.compactMap { name, text in
            plan.captions.first { $0.name == name }.map { (captions: $0.presented, text: text) }
        }
        for name in names {
            guard let key = VideoFiles.captions(id, name) else { continue }
            try await storage.blobs.adopt(fileAt: MakeCaptions.file(name, in: folder), as: key)
            try await keepSums(of: [key], id)
        }
        try await database.write { transaction in
            try EncodingStore.setCaptions(names, of: id, in: transaction)
            try ledger.onCaptions(transaction, id, captions)
            try ledger.record([], of: task, isDone: true, in: transaction)
        }
    }

    private static func text(at path: String) throws -> String {
        let file = try OpenFile(path: path)
        return String(decoding: try file.read(0..<min(file.byteCount, captionsBytes)), as: UTF8.self)
    }

    /// All in one run; where that fails, each in its own, and without those that cannot be read.
    /// - Returns: what was made, by name.
    private func readSubtitles(
        _ job: Job, _ captions: [CaptionsPlan], folder: String
    ) async throws -> [String: String] {
        let path = try await original(job)
        let effort = try await effort(job, writing: captions.map { _ in Self.captionsBytes })
        func file(_ captions: CaptionsPlan) -> String { "\(folder)/\(captions.name)-source.vtt" }
        func run(_ captions: [CaptionsPlan]) async throws {
            var arguments = ["-nostdin", "-y", "-v", "error", "-threads", "1"]
            if job.record.mezzanine == nil { arguments.append("-copyts") }
            arguments += MediaTool.input(path)
            for each in captions {
                arguments += ["-map", "0:\(each.streamIndex)", "-c:s", "webvtt", "-map_metadata", "-1"]
                arguments += ["-f", "webvtt", "file:\(file(each))"]
            }
            _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        }
        var made: [String: String] = [:]
        do {
            try await run(captions)
            for each in captions { made[each.name] = file(each) }
        } catch is ToolFailure {
            for each in captions {
                do {
                    try await run([each])
                    made[each.name] = file(each)
                } catch is ToolFailure { continue }
            }
        }
        return made
    }
}
