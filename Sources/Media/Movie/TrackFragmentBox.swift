/// One `traf`: runs of samples with their places (ISO/IEC 14496-12 8.8.6 to 8.8.8).
struct TrackFragmentBox {
    struct Run {
        var position: Int
        var samples: [FragmentSample]
    }

    private(set) var track: UInt32 = 0
    private(set) var decodeTime: Int64?
    private(set) var runs: [Run] = []
    /// Behind the last byte of the last run.
    private(set) var end: Int

    private var base: Int
    private var defaults = MovieBox.FragmentDefaults()

    init(
        _ traf: inout ByteReader, moofStart: Int, implicitBase: Int,
        defaults: [UInt32: MovieBox.FragmentDefaults], sampleLimit: Int
    ) throws(MovieError) {
        base = implicitBase
        end = implicitBase
        var hasHeader = false
        var sampleCount = 0
        var unique = UniqueBoxes()
        while var box = try traf.nextBox() {
            switch box.box {
            case "tfhd":
                try unique.insert(box)
                try readHeader(&box, moofStart: moofStart, defaults: defaults)
                hasHeader = true
            case "tfdt":
                try unique.insert(box)
                let version = try box.versionAndFlags().version
                let time = version == 1 ? try box.uint64() : UInt64(try box.uint32())
                // Leaves room to add the durations of any number of samples.
                guard time < 1 << 62 else { throw box.malformed() }
                decodeTime = Int64(time)
            case "trun":
                guard hasHeader else { throw box.malformed() }
                try readRun(&box, sampleLimit: sampleLimit - sampleCount)
                sampleCount += runs.last?.samples.count ?? 0
            default: break
            }
        }
        guard hasHeader else { throw .malformed("traf") }
    }

    private mutating func readHeader(
        _ box: inout ByteReader, moofStart: Int, defaults all: [UInt32: MovieBox.FragmentDefaults]
    ) throws(MovieError) {
        let flags = try box.versionAndFlags().flags
        track = try box.uint32()
        defaults = all[track] ?? MovieBox.FragmentDefaults()
        if flags & 0x02_0000 != 0 { base = moofStart }
        if flags & 0x01 != 0 { base = try box.position64() }
        end = base
        if flags & 0x02 != 0 { try box.skip(4) }
        if flags & 0x08 != 0 { defaults.duration = try box.uint32() }
        if flags & 0x10 != 0 { defaults.size = try box.uint32() }
        if flags & 0x20 != 0 { defaults.flags = try box.uint32() }
    }

    private mutating func readRun(_ box: inout ByteReader, sampleLimit: Int) throws(MovieError) {
        let flags = try box.versionAndFlags().flags
        let count = Int(try box.uint32())
        guard count <= sampleLimit else { throw .limitExceeded(.samples) }
        var position = end
        if flags & 0x01 != 0 {
            let (sum, overflow) = base.addingReportingOverflow(Int(try box.int32()))
            guard !overflow, sum >= 0 else { throw box.malformed() }
            position = sum
        }
        let firstFlags = flags & 0x04 != 0 ? try box.uint32() : nil
        let bytesPerSample = 4 * (flags >> 8 & 0xF).nonzeroBitCount
        // Samples described by defaults alone take no bytes: bounded, so that a few bytes cannot ask for millions.
        guard bytesPerSample > 0 ? count <= box.remaining / bytesPerSample : count <= 10_000 else {
            throw box.malformed()
        }
        var samples: [FragmentSample] = []
        samples.reserveCapacity(count)
        var next = position
        for number in 0..<count {
            let duration = flags & 0x100 != 0 ? try box.uint32() : defaults.duration
            let size = flags & 0x200 != 0 ? try box.uint32() : defaults.size
            var sampleFlags = flags & 0x400 != 0 ? try box.uint32() : defaults.flags
            if number == 0, let firstFlags { sampleFlags = firstFlags }
            let offset = flags & 0x800 != 0 ? try box.int32() : 0
            let (sum, overflow) = next.addingReportingOverflow(Int(size))
            guard !overflow else { throw box.malformed() }
            next = sum
            samples.append(
                FragmentSample(
                    duration: duration, byteCount: size, compositionOffset: offset,
                    isSync: sampleFlags & 0x01_0000 == 0))
        }
        end = next
        runs.append(Run(position: position, samples: samples))
    }
}
