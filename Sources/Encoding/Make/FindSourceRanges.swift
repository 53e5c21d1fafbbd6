import Media
import Reactor

/// Which bytes of a movie ffmpeg reads to make some segments of the picture from it: the tables, the beginning, from which it
/// guesses what the file does not say, and the frames with what is before and behind them.
struct FindSourceRanges: ConfinedWork {
    enum Answer: Codable, Sendable {
        /// First these must be there: then it can be said.
        case missing(Range<Int>)
        case found([Range<Int>])
        /// Only the whole will do.
        case unknown
    }

    /// Of a file with holes.
    var path: String
    /// What is there of it.
    var filled: [Range<Int>]
    var videoIndex: Int
    /// On the plan's clock, in seconds.
    var start: Double
    var end: Double

    /// In seconds. ffmpeg looks for a keyframe a little before the time it is given.
    private static let before = 2.0
    /// What threads and reordering take in beyond the last frame.
    private static let behind = 5.0
    /// ffmpeg's `probesize`, and a little more.
    private static let probedBytes = 6 << 20
    private static let probedSeconds: Int64 = 6

    private struct Missing: Error { var range: Range<Int> }

    func perform(_ answer: (Answer) throws -> Void) throws {
        let file = try OpenFile(path: path)
        let there = RangeSet(filled)
        var ranges = RangeSet<Int>()
        let movie: Movie
        do {
            movie = try MovieReader.movie(byteCount: file.byteCount) { range in
                guard RangeSet(range).isSubset(of: there) else { throw Missing(range: range) }
                ranges.formUnion(RangeSet(range))
                return try file.read(range)
            }
        } catch let error as Missing {
            return try answer(.missing(error.range))
        } catch is MovieError {
            return try answer(.unknown)
        }
        guard !movie.isFragmented, !movie.isTruncated, movie.tracks.indices.contains(videoIndex),
            let frames = frames(of: movie.tracks[videoIndex], in: movie)
        else { return try answer(.unknown) }
        for track in movie.tracks { ranges.formUnion(Self.beginning(of: track)) }
        ranges.formUnion(frames)
        try answer(.found(Array(ranges.intersection(RangeSet(0..<file.byteCount)).ranges)))
    }

    private static func beginning(of track: Track) -> RangeSet<Int> {
        var ranges = RangeSet<Int>()
        var byteCount = 0
        let ticks = probedSeconds * Int64(track.timescale)  // bound: 32 bits times 6
        for sample in track.samples {
            guard byteCount < probedBytes, sample.decodeTime < ticks else { break }
            ranges.insert(contentsOf: sample.byteRange)
            byteCount = byteCount.addingSaturated(sample.byteCount)
        }
        return ranges
    }

    /// From the keyframe before the first segment to behind the last.
    private func frames(of track: Track, in movie: Movie) -> RangeSet<Int>? {
        guard track.video != nil, let shown = track.frames(movieTimescale: movie.timescale) else { return nil }
        func ticks(_ seconds: Double) -> Int64 { MediaTime(seconds: seconds, timescale: track.timescale).ticks }
        // bound: floating point
        let (first, last) = (ticks(max(0, start - Self.before)), ticks(end + Self.behind))
        var range = 0..<track.samples.count
        for sample in track.samples {
            let time = sample.presentationTime.addingSaturated(shown.offset)
            if sample.isSync, time <= first { range = sample.index..<range.upperBound }
            if sample.decodeTime.addingSaturated(shown.offset) > last {
                range = range.lowerBound..<sample.index
                break
            }
        }
        var ranges = RangeSet<Int>()
        for sample in track.samples.samples(range) { ranges.insert(contentsOf: sample.byteRange) }
        return ranges
    }
}
