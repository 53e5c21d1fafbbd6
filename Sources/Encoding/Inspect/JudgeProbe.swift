import FoundationEssentials
import Media
import Reactor

/// Draws the verdict on an upload from its first bytes, its sample tables and what ffprobe said of it.
struct JudgeProbe: ConfinedWork {
    enum Probe: Codable, Sendable {
        /// ffprobe's JSON.
        case report(String)
        case failed(words: String, detail: String)
    }

    var path: String
    var probe: Probe
    var limits: InspectionLimits

    func perform(_ answer: (MediaFacts) throws -> Void) throws { try answer(try verdict()) }

    private func verdict() throws -> MediaFacts {
        let head = try FileHead(path: path)
        if head.isProtected { throw InspectionError(.protectedSource) }
        let report: FFprobeReport
        switch probe {
        case .report(let text):
            guard let decoded = try? JSONDecoder().decode(FFprobeReport.self, from: Data(text.utf8)) else {
                throw InspectionError(.corruptFile)
            }
            report = decoded
        case .failed(let words, let detail): throw InspectionError(head.verdict(words: words), detail: detail)
        }
        if (report.streams ?? []).contains(where: \.isProtected) { throw InspectionError(.protectedSource) }
        let streamCount = report.streams?.count ?? 0
        guard streamCount <= limits.streams else { throw InspectionError(.tooManyStreams, detail: "\(streamCount)") }
        var facts = report.facts(byteCount: head.byteCount)
        guard facts.video != nil || !facts.audio.isEmpty else { throw InspectionError(.notAVideo) }
        facts.isTruncated = head.isTruncated
        // What no film lasts is not believed where the tables tell it themselves.
        if !facts.lasts(limits), let seconds = head.seconds { facts.duration = seconds }
        // What is not there cannot be heard.
        if facts.isTruncated { for position in facts.audio.indices { facts.audio[position].end = nil } }
        try facts.check(limits)
        return facts
    }
}

extension MediaFacts {
    /// Whether what the file states is within what a source may be.
    func check(_ limits: InspectionLimits) throws(InspectionError) {
        if let video { try video.check(limits) }
        guard lasts(limits) else {
            throw InspectionError(.unsupportedDuration, detail: "\(duration) s")
        }
        guard audio.count <= limits.streams,
            audio.allSatisfy({ (1...limits.samplesPerSecond).contains($0.sampleRate) && $0.channelCount > 0 })
        else { throw InspectionError(.corruptFile, detail: "the sound has no usable rate") }
    }
}

extension MediaFacts {
    fileprivate func lasts(_ limits: InspectionLimits) -> Bool {
        duration.isFinite && duration < Double(limits.duration.components.seconds)
    }
}

extension VideoFacts {
    fileprivate func check(_ limits: InspectionLimits) throws(InspectionError) {
        let size = displaySize
        let sides = [width, height, size.width, size.height]
        guard sides.allSatisfy({ (limits.minSide...limits.maxSide).contains($0) }),
            size.width * size.height <= limits.pixels
        else { throw InspectionError(.unsupportedDimensions, detail: "\(width)x\(height)") }
        if let rate = averageFrameRate?.value, rate > limits.framesPerSecond {
            throw InspectionError(.unsupportedFrameRate, detail: "\(rate)")
        }
    }
}

/// The first bytes of a file and what they promise.
private struct FileHead {
    var byteCount: Int
    var family: Containers.Family?
    var isTruncated = false
    /// By the tables of a movie.
    var seconds: Double?
    /// Common encryption (ISO/IEC 23001-7), or that of a shop.
    var isProtected = false

    init(path: String) throws {
        let file = try OpenFile(path: path)
        byteCount = file.byteCount
        let bytes = try file.read(0..<min(file.byteCount, 4096))
        family = Containers.family(of: bytes)
        guard let family else { return }
        if family == .isoMedia {
            do {
                let movie = try MovieReader.movie(byteCount: file.byteCount, read: file.read)
                isTruncated = movie.isTruncated
                seconds = movie.tracks.filter { !$0.samples.isEmpty }
                    .map { MediaTime(ticks: $0.samples.duration, timescale: $0.timescale).seconds }.max()
                isProtected = movie.videoTracks.contains { ["encv", "drmi"].contains($0.video?.sampleEntry) }
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
    func verdict(words: String) -> ContentRefusal {
        guard family != nil else { return .notAVideo }
        return isTruncated || words.contains("moov atom not found") ? .truncatedFile : .corruptFile
    }
}
