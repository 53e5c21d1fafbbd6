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
        let facts = try await judge(path, try await probe(path))
        try await decodeStart(path, facts)
        return facts
    }

    private func probe(_ path: String) async throws -> JudgeProbe.Probe {
        let arguments = ["-v", "error", "-of", "json", "-show_format", "-show_streams"] + MediaTool.input(path)
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

    /// A file whose head is whole but whose media is not would fail only after the upload was accepted.
    private func decodeStart(_ path: String, _ facts: MediaFacts) async throws {
        let arguments =
            ["-nostdin", "-v", "error", "-threads", "1"] + MediaTool.input(path)
            + ["-map", "0:\(facts.video.index)", "-frames:v", "1", "-f", "framecrc", "-"]
        do {
            let result = try await tool.run(.ffmpeg, arguments, reads: [path], effort: .inspection)
            let hasFrame = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
                .contains { !$0.hasPrefix("#") }
            if !hasFrame { throw InspectionError(.corruptFile, detail: result.words) }
        } catch let failure as ToolFailure {
            throw InspectionError(.corruptFile, detail: failure.description)
        }
    }
}
