/// Finds and reads the movie box of an ISO base media file by asking for the byte ranges that it needs.
///
/// It walks the top-level boxes by their sizes, so media data is never read, wherever the movie box is. Fragmented
/// files are walked to their end, one `moof` at a time.
///
///     var reader = MovieReader(byteCount: size)
///     var step = try reader.start()
///     while case .read(let range) = step { step = try reader.supply(bytes(of: range)) }
public struct MovieReader {
    public enum Step: Sendable {
        /// Call `supply` with exactly these bytes of the file.
        case read(Range<Int>)
        case finished(Movie)
    }

    private enum State {
        case idle
        case header(Range<Int>)
        case body(TopLevelBox, Range<Int>)
    }

    private struct TopLevelBox {
        var type: FourCC
        var start: Int
        var end: Int
    }

    private let byteCount: Int
    private let limits: MovieLimits
    private var state = State.idle
    private var boxCount = 0
    private var brands: [FourCC] = []
    private var movie: MovieBox?
    private var isTruncated = false

    /// `byteCount`: the size of the whole file.
    public init(byteCount: Int, limits: MovieLimits = MovieLimits()) {
        self.byteCount = byteCount
        self.limits = limits
    }

    public mutating func start() throws(MovieError) -> Step { try walk(to: 0) }

    /// `bytes` are those of the range asked for last.
    public mutating func supply(_ bytes: [UInt8]) throws(MovieError) -> Step {
        switch state {
        case .idle: preconditionFailure("nothing was asked for")
        case .header(let range):
            guard bytes.count == range.count else { throw .truncated }
            return try readHeader(bytes, at: range.lowerBound)
        case .body(let box, let range):
            guard bytes.count == range.count else { throw .truncated }
            return try readBody(bytes, of: box, at: range.lowerBound)
        }
    }

    /// Drives a reader with a function that reads a range; what it throws passes through.
    public static func movie(
        byteCount: Int, limits: MovieLimits = MovieLimits(), read: (Range<Int>) throws -> [UInt8]
    ) throws -> Movie {
        var reader = MovieReader(byteCount: byteCount, limits: limits)
        var step = try reader.start()
        while true {
            switch step {
            case .read(let range): step = try reader.supply(try read(range))
            case .finished(let movie): return movie
            }
        }
    }

    private mutating func walk(to position: Int) throws(MovieError) -> Step {
        // bound: the walk ends where the file does
        guard byteCount - position >= 8 else { return try finish() }
        boxCount += 1
        guard boxCount <= limits.topLevelBoxes else { throw .limitExceeded(.topLevelBoxes) }
        let range = position..<position + min(16, byteCount - position)  // bound: inside the file
        state = .header(range)
        return .read(range)
    }

    private mutating func readHeader(_ bytes: [UInt8], at position: Int) throws(MovieError) -> Step {
        var reader = ByteReader(bytes, box: "file")
        let size32 = try reader.uint32()
        let type = try reader.fourCC()
        guard boxCount > 1 || TopLevelBoxes.first.contains(type) else { throw .notISOMedia }
        var (size, headerBytes) = (Int(size32), 8)
        if size32 == 1 {
            guard reader.remaining >= 8 else { return try endOfWalk() }
            (size, headerBytes) = (try reader.position64(), 16)
        } else if size32 == 0 {
            size = byteCount - position  // bound: the box begins inside the file
        }
        guard size >= headerBytes else { throw boxCount == 1 ? .notISOMedia : .malformed(type) }
        let (end, overflow) = position.addingReportingOverflow(size)
        guard !overflow else { throw .malformed(type) }
        let isComplete = end <= byteCount
        let limit: Int? =
            switch type {
            case "ftyp" where brands.isEmpty: 64 << 10
            case "moov" where movie == nil: limits.movieBytes
            case "moof" where movie != nil: limits.fragmentBytes
            default: nil
            }
        guard let limit else { return isComplete ? try walk(to: end) : try endOfWalk() }
        guard isComplete else { return try endOfWalk() }
        guard size <= limit else {
            throw type == "ftyp" ? .malformed(type) : .limitExceeded(type == "moov" ? .movieBytes : .fragmentBytes)
        }
        let body = position + headerBytes..<end
        guard !body.isEmpty else {
            return try readBody([], of: TopLevelBox(type: type, start: position, end: end), at: end)
        }
        state = .body(TopLevelBox(type: type, start: position, end: end), body)
        return .read(body)
    }

    private mutating func readBody(_ bytes: [UInt8], of box: TopLevelBox, at position: Int) throws(MovieError) -> Step {
        switch box.type {
        case "ftyp":
            var reader = ByteReader(bytes, box: box.type)
            brands.append(try reader.fourCC())
            try reader.skip(4)
            while reader.remaining >= 4 { brands.append(try reader.fourCC()) }
        case "moov":
            let movie = try MovieBox(bytes, limits: limits)
            self.movie = movie
            if !movie.hasFragments { return try finish() }
        default:
            try movie?.appendFragment(bytes, moofStart: box.start)
        }
        return try walk(to: box.end)
    }

    /// The last box goes on behind the end of the file.
    private mutating func endOfWalk() throws(MovieError) -> Step {
        isTruncated = true
        return try finish()
    }

    private mutating func finish() throws(MovieError) -> Step {
        state = .idle
        guard let box = movie else {
            guard boxCount > 0 else { throw .notISOMedia }
            throw isTruncated ? .truncated : .noMovie
        }
        var movie = try box.movie()
        movie.brands = brands
        let sampleBytes = movie.tracks.reduce(0) { $0.addingSaturated($1.samples.byteCount) }
        if sampleBytes > byteCount { for track in movie.tracks.indices { movie.tracks[track].sharesBytes = true } }
        movie.isTruncated = isTruncated || movie.tracks.contains { $0.samples.endOffset > byteCount }
        return .finished(movie)
    }
}

private enum TopLevelBoxes {
    /// What a file of this family may begin with.
    static let first: Set<FourCC> = [
        "ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "uuid", "sidx", "moof",
    ]
}
