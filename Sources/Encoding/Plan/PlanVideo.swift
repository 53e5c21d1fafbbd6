import Media
import Reactor

/// A plan, and what is known beforehand about the rendition that is copied.
struct PlannedVideo: Codable, Sendable {
    var plan: EncodingPlan
    /// Exact, from the sizes of the source's own samples.
    var copiedBandwidth: HLS.Bandwidth?
}

/// Decides how a video is cut and made: reads its frame times, fixes the segments, chooses what is copied. All of it in
/// confined processes.
struct PlanVideo: Sendable {
    let reader: ConfinedReader
    let limits: InspectionLimits

    /// - Parameter folder: an empty one for temporary files.
    /// - Throws: `Unplannable`.
    func callAsFunction(_ path: String, _ facts: MediaFacts, folder: String) async throws -> PlannedVideo {
        do {
            let planned = try await plan(path, facts, folder: folder)
            // Once more on this side: what is calculated with here was checked here.
            try planned.plan.check(limits)
            return planned
        } catch ConfinedFailure.trapped(let words) {
            throw Unplannable(detail: words)
        }
    }

    private func plan(_ path: String, _ facts: MediaFacts, folder: String) async throws -> PlannedVideo {
        var effort = MediaTool.Effort.background
        effort.niceness = MediaTool.Effort.viewer.niceness
        if facts.isISOMedia, facts.isTruncated {
            throw Unplannable(detail: "the tables tell of media that is not there")
        }
        if facts.isISOMedia {
            let work = PlanFromMovie(path: path, facts: facts, limits: limits)
            do {
                if let planned = try await reader.run(work, reads: [path], effort: effort).planned { return planned }
            } catch ConfinedFailure.trapped {
                // Tables that cannot be read here may be no trouble for ffprobe.
            }
        }
        guard facts.video != nil else {
            throw Unplannable(detail: "sound that is not AAC in a movie is read as a whole")
        }
        let list = "\(folder)/packets.csv"
        let arguments =
            ["-v", "error", "-show_entries", PacketTimes.entries]
            + ["-of", "csv=p=0", "-o", list] + MediaTool.input(path)
        effort.fileBytes = 1 << 30
        _ = try await reader.tool.run(.ffprobe, arguments, reads: [path], writes: folder, effort: effort)
        let plan = try await reader.run(
            PlanFromPackets(path: list, facts: facts, limits: limits), reads: [list], effort: effort)
        return PlannedVideo(plan: plan)
    }
}

/// What both ways of planning share.
enum Planning {
    /// Longer chunks waste less of the machine, shorter ones make less wait: four segments are a good bargain.
    static let chunkSeconds = 16.0

    /// Frames a second as they really are, for frame dropping and rate limits.
    static func frameRate(_ frames: FrameTimes, _ facts: VideoFacts) -> Double {
        let seconds = frames.duration.seconds
        guard frames.count > 1, seconds > 0 else { return facts.averageFrameRate?.value ?? 25 }
        return Double(frames.count) / seconds
    }

    static func check(_ frameRate: Double, _ limits: InspectionLimits) throws(Unplannable) {
        guard frameRate <= limits.framesPerSecond else {
            throw Unplannable(.unsupportedFrameRate, detail: "\(frameRate) frames a second")
        }
    }

    /// Without a table of keyframes a container takes all frames for such, and a decoder that begins at one of them shows
    /// garbage.
    static func areKeyframesPlausible(_ count: Int, of frames: Int, _ video: VideoFacts) -> Bool {
        let neverAllKeyframes = [
            "mpeg4", "h263", "flv1", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "wmv3", "vc1", "vp6f",
            "vp8",
            "vp9", "av1", "theora", "gif", "apng",
        ]
        return count < frames || frames < 3 || !neverAllKeyframes.contains(video.codec)
    }

    /// H.264, 8 bits, 4:2:0, progressive, upright, up to level 5.2: players show it as it is.
    static func isStandard(_ video: VideoFacts) -> Bool {
        video.codec == "h264" && ["yuv420p", "yuvj420p"].contains(video.pixelFormat) && video.bitDepth == 8
            && (video.level ?? 99) <= 52 && video.rotation == 0 && !video.isInterlaced
            && (video.pixelAspectRatio.map { $0.numerator == $0.denominator } ?? true) && !video.isHighDynamicRange
            && ["Baseline", "Constrained Baseline", "Main", "High", "Progressive High", "Constrained High"]
                .contains(video.profile)
    }

    static func steps(_ video: VideoFacts, frameRate: Double, isCopied: Bool) -> [LadderStep] {
        let steps = Ladder.steps(for: video, frameRate: frameRate)
        guard isCopied else { return steps }
        return [Ladder.copy(of: video, frameRate: frameRate)] + steps.dropFirst()
    }
}
