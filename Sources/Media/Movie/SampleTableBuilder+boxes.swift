extension SampleTableBuilder {
    /// The boxes of a sample table that are read. Others may come several times (`sgpd`, `sbgp`, `subs`).
    static let tables: Set<FourCC> = ["stsd", "stts", "ctts", "stss", "stsz", "stz2", "stsc", "stco", "co64"]

    /// Reads the boxes of a sample table (ISO/IEC 14496-12 8.6.1, 8.7).
    mutating func readTables(_ tables: [FourCC: ByteReader]) throws(MovieError) {
        if var box = tables["stsz"] {
            try readSizes(&box)
        } else if var box = tables["stz2"] {
            try readCompactSizes(&box)
        } else {
            throw .malformed("stsz")
        }
        guard count > 0 else { return }
        guard var stts = tables["stts"] else { throw .malformed("stts") }
        try readDurations(&stts)
        if var ctts = tables["ctts"] { try readOffsets(&ctts) }
        if var stss = tables["stss"] { try readSyncSamples(&stss) }
        try readChunks(tables)
        try closeTables()
    }

    private mutating func readSizes(_ box: inout ByteReader) throws(MovieError) {
        try box.skip(4)
        let size = try box.uint32()
        guard size == 0 else {
            try setSizes(.constant(size), count: Int(try box.uint32()))
            return
        }
        let count = try box.entryCount(bytesPerEntry: 4)
        var sizes: [UInt32] = []
        sizes.reserveCapacity(count)
        for _ in 0..<count { sizes.append(try box.uint32()) }
        try setSizes(.each(sizes), count: count)
    }

    private mutating func readCompactSizes(_ box: inout ByteReader) throws(MovieError) {
        try box.skip(7)
        let bits = Int(try box.uint8())
        let count = Int(try box.uint32())
        guard bits == 4 || bits == 8 || bits == 16, count <= box.remaining * 8 / bits else { throw box.malformed() }
        var sizes: [UInt32] = []
        sizes.reserveCapacity(count)
        while sizes.count < count {
            switch bits {
            case 16: sizes.append(UInt32(try box.uint16()))
            case 8: sizes.append(UInt32(try box.uint8()))
            default:
                let pair = UInt32(try box.uint8())
                sizes.append(pair >> 4)
                if sizes.count < count { sizes.append(pair & 15) }
            }
        }
        try setSizes(.each(sizes), count: count)
    }

    private mutating func readDurations(_ box: inout ByteReader) throws(MovieError) {
        try box.skip(4)
        for _ in 0..<(try box.entryCount(bytesPerEntry: 8)) {
            let count = Int(try box.uint32())
            // Runs may promise more samples than there are (seen in the wild); they are cut off at the end.
            try appendDurations(count: min(count, self.count - durationCount), delta: try box.uint32())
        }
    }

    private mutating func readOffsets(_ box: inout ByteReader) throws(MovieError) {
        try box.skip(4)
        for _ in 0..<(try box.entryCount(bytesPerEntry: 8)) {
            let count = Int(try box.uint32())
            // Version 0 is unsigned by the letter, but writers store negative offsets there too.
            try appendOffsets(count: min(count, self.count - offsetCount), offset: try box.int32())
        }
    }

    private mutating func readSyncSamples(_ box: inout ByteReader) throws(MovieError) {
        try box.skip(4)
        let entries = try box.entryCount(bytesPerEntry: 4)
        var samples: [UInt32] = []
        samples.reserveCapacity(entries)
        var last: UInt32 = 0
        for _ in 0..<entries {
            let number = try box.uint32()
            guard number > last else { throw box.malformed() }
            last = number
            samples.append(number - 1)
        }
        setSyncSamples(samples)
    }

    private mutating func readChunks(_ tables: [FourCC: ByteReader]) throws(MovieError) {
        var positions: [Int] = []
        if var box = tables["stco"] {
            try box.skip(4)
            let count = try box.entryCount(bytesPerEntry: 4)
            positions.reserveCapacity(count)
            for _ in 0..<count { positions.append(Int(try box.uint32())) }
        } else if var box = tables["co64"] {
            try box.skip(4)
            let count = try box.entryCount(bytesPerEntry: 8)
            positions.reserveCapacity(count)
            for _ in 0..<count { positions.append(try box.position64()) }
        }
        guard var box = tables["stsc"] else { throw .malformed("stsc") }
        try box.skip(4)
        let count = try box.entryCount(bytesPerEntry: 12)
        var runs: [(firstChunk: UInt32, samplesPerChunk: UInt32)] = []
        runs.reserveCapacity(count)
        for number in 0..<count {
            let first = try box.uint32()
            let samples = try box.uint32()
            try box.skip(4)
            guard first > (runs.last.map { $0.firstChunk + 1 } ?? 0), number > 0 || first == 1 else {
                throw box.malformed()
            }
            runs.append((firstChunk: first - 1, samplesPerChunk: samples))
        }
        try setChunks(runs, positions: positions)
    }
}
