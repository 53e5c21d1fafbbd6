@testable import Media

/// What the encoder does with a standard source, in memory: tables, plan, init segment and fragments.
struct Remux {
    let movie: Movie
    let video: Track
    let frames: TrackFrames
    let plan: SegmentPlan
    let source: [UInt8]

    init?(_ source: [UInt8], settings: SegmentPlan.Settings = SegmentPlan.Settings()) throws {
        self.source = source
        movie = try TestMedia.movie(source)
        guard let video = movie.videoTracks.first, let frames = video.frames(movieTimescale: movie.timescale) else {
            return nil
        }
        (self.video, self.frames) = (video, frames)
        plan = SegmentPlan(frames.frames, settings: settings)
    }

    private func bytes(_ fragment: Fragment) -> [UInt8] {
        fragment.sources.reduce(into: fragment.header()) { $0 += source[$1] }
    }

    func videoInit() throws -> [UInt8] {
        guard let format = video.video else { return [] }
        return try OutputTrack(
            format: .video(format), timescale: video.timescale, language: video.language, duration: plan.duration
        ).initSegment()
    }

    func videoSegments() throws -> [[UInt8]] {
        try plan.segments.enumerated().map { number, segment in
            let first = frames.samples.lowerBound + segment.firstFrame
            let times = frames.frames.times[segment.frames]
            return bytes(
                try Fragment.video(
                    video.samples.samples(first..<first + segment.frameCount), displayTimes: times,
                    end: segment.end.ticks(at: plan.timescale),
                    sequenceNumber: UInt32(number + 1)))
        }
    }

    func videoFile() throws -> [UInt8] { try videoSegments().reduce(try videoInit(), +) }

    func audio() -> (track: Track, cut: AudioCut)? {
        guard let track = movie.audioTracks.first,
            let cut = AudioCut(track, movieTimescale: movie.timescale, origin: frames.origin)
        else { return nil }
        return (track, cut)
    }

    func audioFile() throws -> [UInt8] {
        guard let (track, cut) = audio(), let format = track.audio else { return [] }
        var file = try OutputTrack(format: .audio(format), timescale: track.timescale).initSegment()
        for (number, segment) in cut.segments(of: plan, in: track).enumerated() where !segment.samples.isEmpty {
            file += bytes(
                try Fragment.audio(
                    track.samples.samples(segment.samples), decodeTime: segment.decodeTime,
                    sequenceNumber: UInt32(number + 1)))
        }
        return file
    }
}
