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

    func audioInit() throws -> [UInt8] {
        guard let track = movie.audioTracks.first, let format = track.audio else { return [] }
        return try OutputTrack(format: .audio(format), timescale: track.timescale, language: track.language)
            .initSegment()
    }

    func audioSegments() throws -> [(bytes: [UInt8], duration: MediaTime)] {
        guard let (track, cut) = audio() else { return [] }
        return try cut.segments(of: plan, in: track).enumerated().filter { !$1.samples.isEmpty }.map {
            number, segment in
            let fragment = try Fragment.audio(
                track.samples.samples(segment.samples), decodeTime: segment.decodeTime,
                sequenceNumber: UInt32(number + 1))
            return (bytes(fragment), MediaTime(ticks: segment.duration, timescale: track.timescale))
        }
    }

    func audioFile() throws -> [UInt8] { try audioSegments().map(\.bytes).reduce(try audioInit(), +) }

    /// All files of a presentation with one picture and one sound rendition, by name.
    func presentation() throws -> [String: [UInt8]] {
        var files = ["v-init.mp4": try videoInit(), "a-init.mp4": try audioInit()]
        var lists: [String: HLS.MediaPlaylist] = [:]
        let video = zip(try videoSegments(), plan.segments.map(\.duration)).map { (bytes: $0, duration: $1) }
        for (name, segments) in [("v", video), ("a", try audioSegments())] {
            lists[name] = HLS.MediaPlaylist(
                initSegmentURI: "\(name)-init.mp4",
                segments: segments.indices.map { .init(uri: "\(name)\($0).m4s", duration: segments[$0].duration) })
            for (number, segment) in segments.enumerated() { files["\(name)\(number).m4s"] = segment.bytes }
        }
        let rates = HLS.Bandwidth(measuring: video.map { ($0.bytes.count, $0.duration) })
        let master = HLS.MasterPlaylist(
            variants: [
                .init(
                    uri: "v.m3u8", bandwidth: rates.peak, averageBandwidth: rates.average,
                    codecs: [self.video.video?.codecString, movie.audioTracks.first?.audio?.codecString].compactMap(
                        \.self),
                    audioGroup: "audio")
            ], audio: [.init(groupID: "audio", name: "Sound", uri: "a.m3u8")])
        files["master.m3u8"] = Array(master.render().utf8)
        for (name, list) in lists { files["\(name).m3u8"] = Array(list.render().utf8) }
        return files
    }
}
