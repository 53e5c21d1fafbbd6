import Media
import Reactor

/// Cuts an encoded chunk of the sound into the plan's segments, checks and seals them.
struct CutSound: ConfinedWork {
    /// The encoded chunk.
    var path: String
    var audio: AudioPlan
    /// Of the whole video.
    var duration: MediaTime
    var segments: Range<Int>
    /// AAC frames of the encoded chunk that belong to the segments.
    var keptFrames: Range<Int>
    /// What the first segment of the plan is called, and where it begins, in samples.
    var firstNumber = 0
    var firstTime: Int64 = 0
    var key: [UInt8]?
    /// For `SealedFiles`.
    var folder: String

    func perform(_ answer: ([MadeSegment]) throws -> Void) throws {
        let file = try OpenFile(path: path)
        let movie = try MovieReader.movie(byteCount: file.byteCount, read: file.read)
        guard !movie.isTruncated, let track = movie.audioTracks.first, let format = track.audio,
            format.codecString == audio.codecs, track.timescale == UInt32(clamping: audio.sampleRate)
        else { throw VerificationFailure(description: "the encoded sound is no whole movie") }
        guard track.samples.count >= keptFrames.upperBound else {
            throw VerificationFailure(
                description: "the encoded sound has \(track.samples.count) frames, not \(keptFrames.upperBound)")
        }
        let language = audio.label.language.flatMap(LanguageTag.init(_:))?.threeLetters ?? "und"
        let output = OutputTrack(
            format: .audio(format), timescale: track.timescale, language: language, duration: duration)
        let sealed = SealedFiles(folder: folder)
        try sealed.writeInitSegment(audio.name, try output.initSegment())
        try answer(try segments(track, file, sealed))
    }

    private func segments(_ track: Track, _ file: OpenFile, _ sealed: SealedFiles) throws -> [MadeSegment] {
        let cipher = SegmentCipher(key: key)
        var all: [MadeSegment] = []
        var next = keptFrames.lowerBound
        var time = firstTime.addingSaturated(
            Int64(audio.frames(of: segments).lowerBound * AudioPlan.frameLength))
        for position in segments {
            let number = position.addingSaturated(firstNumber)
            let length = audio.segmentDurations[position]
            let count = Int(length) / AudioPlan.frameLength
            let samples = track.samples.samples(next..<next + count).map { sample in
                var sample = sample
                sample.duration = UInt32(AudioPlan.frameLength)
                return sample
            }
            let fragment = try Fragment.audio(samples, decodeTime: time, sequenceNumber: UInt32(number + 1))
            var bytes = fragment.header()
            for range in fragment.sources { bytes += try file.read(range) }
            let closed = try cipher.seal(bytes, number: number)
            let made = MadeSegment(
                rendition: audio.name, number: number, byteCount: closed.count,
                duration: MediaTime(ticks: length, timescale: track.timescale))
            try sealed.write(made, closed)
            all.append(made)
            next += count
            time = time.addingSaturated(length)
        }
        return all
    }
}
