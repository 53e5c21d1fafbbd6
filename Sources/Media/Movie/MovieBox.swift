/// A movie box as read so far: tracks with sample tables that fragments may still lengthen.
struct MovieBox {
    /// Defaults that a track's fragments fall back on (`trex`, ISO/IEC 14496-12 8.8.3).
    struct FragmentDefaults {
        var duration: UInt32 = 0
        var size: UInt32 = 0
        var flags: UInt32 = 0
    }

    private let limits: MovieLimits
    private var timescale: UInt32 = 0
    private var tracks: [TrackBox] = []
    private var defaults: [UInt32: FragmentDefaults] = [:]
    private(set) var hasFragments = false
    private var fragmentSamples = 0

    init(_ bytes: [UInt8], limits: MovieLimits) throws(MovieError) {
        self.limits = limits
        var reader = ByteReader(bytes, box: "moov")
        var unique = UniqueBoxes()
        while var box = try reader.nextBox() {
            switch box.box {
            case "mvhd":
                try unique.insert(box)
                try readHeader(&box)
            case "trak":
                guard tracks.count < limits.tracks else { throw .limitExceeded(.tracks) }
                tracks.append(try TrackBox(&box, limits: limits))
            case "mvex":
                try unique.insert(box)
                try readFragmentDefaults(&box)
            case "cmov": throw .unsupported("cmov")
            default: break
            }
        }
        guard timescale > 0 else { throw .malformed("mvhd") }
    }

    private mutating func readHeader(_ box: inout ByteReader) throws(MovieError) {
        let version = try box.versionAndFlags().version
        try box.skip(version == 1 ? 16 : 8)
        timescale = try box.uint32()
    }

    private mutating func readFragmentDefaults(_ mvex: inout ByteReader) throws(MovieError) {
        hasFragments = true
        while var box = try mvex.nextBox() {
            guard box.box == "trex" else { continue }
            try box.skip(4)
            let track = try box.uint32()
            try box.skip(4)
            defaults[track] = FragmentDefaults(
                duration: try box.uint32(), size: try box.uint32(), flags: try box.uint32())
        }
    }

    /// `bytes`: the body of the `moof` that begins at `moofStart` in the file.
    mutating func appendFragment(_ bytes: [UInt8], moofStart: Int) throws(MovieError) {
        var reader = ByteReader(bytes, box: "moof")
        // Without a base of its own a track fragment goes on where the one before ended (8.8.7.1).
        var nextPosition = moofStart
        while var box = try reader.nextBox() {
            guard box.box == "traf" else { continue }
            var fragment = try TrackFragmentBox(
                &box, moofStart: moofStart, implicitBase: nextPosition, defaults: defaults,
                sampleLimit: limits.samples - fragmentSamples)
            fragmentSamples += fragment.runs.reduce(0) { $0 + $1.samples.count }
            nextPosition = fragment.end
            guard let track = tracks.firstIndex(where: { $0.id == fragment.track }) else { continue }
            try tracks[track].append(&fragment)
        }
    }

    func movie() throws(MovieError) -> Movie {
        var movie = Movie()
        movie.timescale = timescale
        movie.isFragmented = hasFragments
        for box in tracks { movie.tracks.append(try box.track()) }
        return movie
    }
}
