import Media

/// A movie file: its tables, times, plan, obstacles and sound, and a fragment of each segment of the plan.
///
/// The input is a file, or, if it begins with 1 or 2, a list of changes to a seed: two bytes of position, the byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMovie(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    switch input.first {
    case 1: exercise(change(SeedMovie.plain, input.dropFirst()))
    case 2: exercise(change(SeedMovie.fragmented, input.dropFirst()))
    default: exercise(input)
    }
    return 0
}

private func change(_ seed: [UInt8], _ changes: ArraySlice<UInt8>) -> [UInt8] {
    var (bytes, rest) = (seed, changes)
    while rest.count >= 3 {
        let change = Array(rest.prefix(3))
        bytes[(Int(change[0]) << 8 | Int(change[1])) % bytes.count] = change[2]
        rest = rest.dropFirst(3)
    }
    return bytes
}

private func exercise(_ bytes: [UInt8]) {
    var limits = MovieLimits()
    limits.samples = 100_000
    guard let movie = try? MovieReader.movie(byteCount: bytes.count, limits: limits, read: { Array(bytes[$0]) }) else {
        return
    }
    for track in movie.tracks {
        var samples = 0
        for sample in track.samples {
            precondition(sample.byteOffset >= 0 && sample.byteCount >= 0 && sample.index == samples)
            samples += 1
        }
        precondition(samples == track.samples.count)
        let frames = track.frames(movieTimescale: movie.timescale)
        if track.video != nil { _ = StandardSource.obstacles(video: track, frames: frames) }
        if track.audio != nil {
            _ = StandardSource.obstacles(audio: track, movieTimescale: movie.timescale)
            if let cut = AudioCut(track, movieTimescale: movie.timescale, origin: frames?.origin ?? .zero) {
                precondition(cut.decodeTime >= 0 && cut.delay >= 0)
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
