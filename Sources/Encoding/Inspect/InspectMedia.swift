import FoundationEssentials
import Media
import Reactor

/// Judges a stored upload by its content: what it is, and whether it can become a video.
struct InspectMedia: Sendable {
    let tool: MediaTool
    let pool: BlockingPool
    let limits: InspectionLimits

    func callAsFunction(_ path: String) async throws -> MediaFacts {
        let head = try await pool.run { try FileHead(path: path) }
        guard head.byteCount > 0 else { throw InspectionError(.emptyFile) }
        let report = try await probe(path, head: head)
        guard let video = report.mainVideo else {
            throw (report.streams ?? []).contains(where: \.isAudio)
                ? InspectionError(.noVideoStream) : InspectionError(.notAVideo)
        }
        let facts = report.facts(byteCount: head.byteCount, video: video)
        try check(facts, streamCount: report.streams?.count ?? 0)
        if head.isTruncated { throw InspectionError(.truncatedFile) }
        try await decodeStart(path, facts)
        return facts
    }

    private func probe(_ path: String, head: FileHead) async throws -> FFprobeReport {
        let arguments = ["-v", "error", "-of", "json", "-show_format", "-show_streams"] + MediaTool.input(path)
        do {
            let result = try await tool.run(.ffprobe, arguments, reads: [path], effort: .inspection)
            return try JSONDecoder().decode(FFprobeReport.self, from: Data(result.output))
        } catch let failure as ToolFailure {
            throw InspectionError(head.verdict(words: failure.words), detail: failure.description)
        } catch is DecodingError {
            throw InspectionError(.corruptFile)
        }
    }

    private func check(_ facts: MediaFacts, streamCount: Int) throws(InspectionError) {
        let video = facts.video
        guard streamCount <= limits.streams else { throw InspectionError(.tooManyStreams, detail: "\(streamCount)") }
        let size = video.displaySize
        let sides = [video.width, video.height, size.width, size.height]
        guard sides.allSatisfy({ (limits.minSide...limits.maxSide).contains($0) }),
            size.width * size.height <= limits.pixels
        else { throw InspectionError(.unsupportedDimensions, detail: "\(video.width)x\(video.height)") }
        guard facts.duration < Double(limits.duration.components.seconds) else {
            throw InspectionError(.unsupportedDuration, detail: "\(facts.duration) s")
        }
        if let rate = video.averageFrameRate?.value, rate > limits.framesPerSecond {
            throw InspectionError(.unsupportedFrameRate, detail: "\(rate)")
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

/// The first bytes of a file and what they promise.
private struct FileHead: Sendable {
    var byteCount: Int
    var family: Containers.Family?
    var isTruncated = false

    init(path: String) throws {
        let file = try OpenFile(path: path)
        byteCount = file.byteCount
        let bytes = try file.read(0..<min(file.byteCount, 4096))
        family = Containers.family(of: bytes)
        guard let family else { return }
        if family == .isoMedia {
            do {
                isTruncated = try MovieReader.movie(byteCount: file.byteCount, read: file.read).isTruncated
            } catch MovieError.truncated {
                isTruncated = true
            } catch is MovieError {
                // ffprobe may know better.
            }
        } else if let stated = Containers.statedByteCount(bytes, family: family) {
            isTruncated = stated > byteCount
        }
    }

    /// Why ffprobe could not read it.
    func verdict(words: String) -> InspectionError.Code {
        guard family != nil else { return .notAVideo }
        return isTruncated || words.contains("moov atom not found") ? .truncatedFile : .corruptFile
    }
}
