import BoxMutation
import Media

/// A movie file: its tables, times, plan, obstacles and sound, and a fragment of each segment of the plan.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMovie(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    exercise(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

private func exercise(_ bytes: [UInt8]) {
    var limits = MovieLimits()
    limits.samples = 10_000
    guard let movie = try? MovieReader.movie(byteCount: bytes.count, limits: limits, read: { Array(bytes[$0]) }) else {
        return
    }
    for track in movie.tracks {
        var samples = 0
        for sample in track.samples {
            precondition(sample.byteOffset >= 0 && sample.byteCount >= 0 && sample.index == samples)
            // A seek comes to the same sample as a walk from the start.
            if samples % 97 == 0 { precondition(track.samples[samples] == sample) }
            samples += 1
        }
        precondition(samples == track.samples.count)
        let frames = track.frames(movieTimescale: movie.timescale)
        if track.video != nil { _ = StandardSource.obstacles(video: track, frames: frames) }
        if track.audio != nil {
            _ = StandardSource.obstacles(audio: track, movieTimescale: movie.timescale)
            if let cut = AudioCut(track, movieTimescale: movie.timescale, origin: frames?.origin ?? .zero) {
                precondition(cut.decodeTime >= 0 && cut.delay >= 0)
                if let frames { _ = cut.segments(of: SegmentPlan(frames.frames), in: track) }
            }
        }
        if let frames { cut(track, frames) }
    }
}

private func cut(_ track: Track, _ frames: TrackFrames) {
    let plan = SegmentPlan(frames.frames)
    precondition(plan.frameCount == frames.frames.count)
    guard !frames.isCutInside else { return }
    for (number, segment) in plan.segments.prefix(100).enumerated() {
        let first = frames.samples.lowerBound + segment.firstFrame
        let fragment = try? Fragment.video(
            track.samples.samples(first..<first + segment.frameCount),
            displayTimes: frames.frames.times[segment.frames],
            end: segment.end.ticks, sequenceNumber: UInt32(number + 1))
        _ = fragment?.header()
    }
}
