import Media
import Reactor

/// Judges a stored upload by its content: what it is, and whether it can become a video.
struct InspectMedia: Sendable {
    let reader: ConfinedReader
    let limits: InspectionLimits

    private var tool: MediaTool { reader.tool }

    func callAsFunction(_ path: String) async throws -> MediaFacts {
        let byteCount = try await reader.pool.run { try OpenFile(path: path).byteCount }
        guard byteCount > 0 else { throw InspectionError(.emptyFile) }
        do {
            return try await inspect(path)
        } catch let error as InspectionError where error.code == .notAVideo || error.code == .corruptFile {
            let sound = try await reader.run(FindSound(path: path), reads: [path], effort: .inspection)
            guard let start = sound.start else { throw error }
            return try await inspect(path, soundStart: start)
        }
    }

    private func inspect(_ path: String, soundStart: Int? = nil) async throws -> MediaFacts {
        var facts = try await judge(path, try await probe(path, soundStart: soundStart))
        facts.soundStart = soundStart
        let lines: [Substring]
        do {
            lines = try await decodeStart(
                path, stream: facts.video?.index ?? facts.mainAudio?.index ?? 0, soundStart: soundStart)
        } catch let error as InspectionError {
            guard facts.video != nil, let sound = facts.mainAudio else { throw error }
            // Who cannot see it may still listen.
            lines = try await decodeStart(path, stream: sound.index)
            facts.video = nil
            facts.isPictureMissing = true
        }
        if let video = facts.video, let shown = Self.size(lines), shown != video.uprightSize {
            // What a head says of the size may be wrong.
            let isUpright = video.rotation % 180 == 0
            facts.video?.width = isUpright ? shown.width : shown.height
            facts.video?.height = isUpright ? shown.height : shown.width
            try facts.check(limits)
        }
        return facts
    }

    /// What ffprobe says, of a file that was made here.
    func probed(_ path: String) async throws -> MediaFacts {
        try await judge(path, try await probe(path))
    }

    private func probe(_ path: String, soundStart: Int? = nil) async throws -> JudgeProbe.Probe {
        let arguments =
            ["-v", "error", "-of", "json", "-show_format", "-show_streams"]
            + MediaTool.input(path, soundStart: soundStart)
        do {
            let result = try await tool.run(.ffprobe, arguments, reads: [path], effort: .inspection)
            return .report(String(decoding: result.output, as: UTF8.self))
        } catch let failure as ToolFailure {
            return .failed(words: failure.words, detail: failure.description)
        }
    }

    private func judge(_ path: String, _ probe: JudgeProbe.Probe) async throws -> MediaFacts {
        do {
            let facts = try await reader.run(
                JudgeProbe(path: path, probe: probe, limits: limits), reads: [path], effort: .inspection)
            // Once more on this side: what is calculated with here was checked here.
            try facts.check(limits)
            return facts
        } catch ConfinedFailure.trapped(let words) {
            throw InspectionError(.corruptFile, detail: words)
        }
    }

    /// A file whose head is whole but whose media is not would fail only after the upload was accepted. Whatever comes after
    /// the first picture, or the first sound, is looked at later.
    /// - Returns: what ffmpeg says of it.
    private func decodeStart(_ path: String, stream: Int, soundStart: Int? = nil) async throws -> [Substring] {
        let arguments =
            ["-nostdin", "-v", "error", "-threads", "1"] + MediaTool.input(path, soundStart: soundStart)
            + ["-map", "0:\(stream)", "-frames", "1", "-f", "framecrc", "-"]
        let result = try await tool.start(.ffmpeg, arguments, reads: [path], effort: .inspection)
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        guard lines.contains(where: { !$0.hasPrefix("#") }) else {
            let failure = ToolFailure(ending: result.ending, words: result.words)
            throw InspectionError(.corruptFile, detail: failure.description)
        }
        return lines
    }

    /// Of the first picture, upright.
    private static func size(_ lines: [Substring]) -> PixelSize? {
        let prefix = "#dimensions 0: "
        let sides = lines.first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count).split(separator: "x")
        let numbers = (sides ?? []).compactMap { Int($0) }
        return numbers.count == 2 ? PixelSize(width: numbers[0], height: numbers[1]) : nil
    }
}
