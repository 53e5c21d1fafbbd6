/// Collects a track's samples from the tables of `stbl` and from the fragments that follow, then checks them once.
struct SampleTableBuilder {
    private let limit: Int
    private(set) var count = 0
    private var syncSamples: [UInt32]? = nil
    private var durations: [SampleTable.DurationRun] = []
    private(set) var durationCount = 0
    private(set) var nextDecodeTime: Int64 = 0
    private var offsets: [SampleTable.OffsetRun] = []
    private(set) var offsetCount = 0
    private var chunkRuns: [SampleTable.ChunkRun] = []
    private var chunkOffsets: [Int] = []
    private var chunkedCount = 0
    private var sizes = SampleTable.Sizes.constant(0)
    private var areTablesClosed = false

    init(limit: Int) { self.limit = limit }

    // MARK: The tables of a sample table box, before any fragment. What comes twice replaces what came before, but for
    // durations and offsets, which are appended.

    mutating func setSizes(_ sizes: SampleTable.Sizes, count: Int) throws(MovieError) {
        guard count <= limit else { throw .limitExceeded(.samples) }
        self.sizes = sizes
        self.count = count
    }

    /// Sorted and unique, counted from 0.
    mutating func setSyncSamples(_ samples: [UInt32]) { syncSamples = samples }

    mutating func appendDurations(count: Int, delta: UInt32) throws(MovieError) {
        guard count > 0 else { return }
        // Negative deltas, seen in old files, cannot be told from huge ones: nothing is decoded for weeks.
        guard delta <= UInt32(Int32.max) else { throw .malformed("stts") }
        guard count <= limit - durationCount else { throw .limitExceeded(.samples) }
        if durations.last?.delta != delta {
            durations.append(
                .init(firstSample: UInt32(durationCount), delta: delta, startTime: nextDecodeTime))
        }
        durationCount += count
        // bound: below 2^62 by `tfdt`, and 2^31 ticks for each of a limited number of samples
        nextDecodeTime += Int64(count) * Int64(delta)
    }

    mutating func appendOffsets(count: Int, offset: Int32) throws(MovieError) {
        guard count > 0 else { return }
        guard count <= limit - offsetCount else { throw .limitExceeded(.samples) }
        if offsets.last?.offset != offset {
            offsets.append(.init(firstSample: UInt32(offsetCount), offset: offset))
        }
        offsetCount += count
    }

    /// `runs`: first chunk (from 0) and samples per chunk, in order; `positions`: where each chunk begins.
    mutating func setChunks(
        _ runs: [(firstChunk: UInt32, samplesPerChunk: UInt32)], positions: [Int]
    ) throws(MovieError) {
        chunkRuns = []
        var samples = 0
        for (number, run) in runs.enumerated() where Int(run.firstChunk) < positions.count {
            let end = number + 1 < runs.count ? min(Int(runs[number + 1].firstChunk), positions.count) : positions.count
            let chunks = end - Int(run.firstChunk)  // bound: both are positions of 32 bits
            guard chunks > 0, run.samplesPerChunk > 0 else { throw .malformed("stsc") }
            chunkRuns.append(
                .init(
                    firstSample: UInt32(samples), firstChunk: run.firstChunk, samplesPerChunk: run.samplesPerChunk))
            let (inRun, overflow) = chunks.multipliedReportingOverflow(by: Int(run.samplesPerChunk))
            // A last chunk may promise more samples than there are; more than the limit is nonsense.
            guard !overflow, inRun <= 2 * limit - samples else { throw .limitExceeded(.samples) }
            samples += inRun
        }
        chunkOffsets = positions
        chunkedCount = samples
    }

    /// All tables are read: they must tell of each sample, and what they say of samples behind the last is dropped, so
    /// that all of them end at the same sample and fragments can go on from there.
    mutating func closeTables() throws(MovieError) {
        guard !areTablesClosed else { return }
        areTablesClosed = true
        guard durationCount >= count else { throw .malformed("stts") }
        guard chunkedCount >= count else { throw .malformed("stsc") }
        cutDurations()
        cutChunks()
        offsets.removeSubrange(firstPosition(in: offsets) { Int($0.firstSample) >= count }...)
        offsetCount = min(offsetCount, count)
        if let all = syncSamples {
            let known = firstPosition(in: all) { Int($0) >= count }
            syncSamples = Array(all[..<known])
        }
    }

    private mutating func cutDurations() {
        durations.removeSubrange(firstPosition(in: durations) { Int($0.firstSample) >= count }...)
        durationCount = count
        guard let last = durations.last else {
            nextDecodeTime = 0
            return
        }
        // bound: not later than it was
        nextDecodeTime = last.startTime + Int64(count - Int(last.firstSample)) * Int64(last.delta)
    }

    private mutating func cutChunks() {
        chunkRuns.removeSubrange(firstPosition(in: chunkRuns) { Int($0.firstSample) >= count }...)
        chunkedCount = count
        guard let last = chunkRuns.popLast() else {
            chunkOffsets = []
            return
        }
        let (whole, rest) = (count - Int(last.firstSample)).quotientAndRemainder(dividingBy: Int(last.samplesPerChunk))
        let end = Int(last.firstChunk) + whole + (rest > 0 ? 1 : 0)
        chunkOffsets.removeSubrange(min(end, chunkOffsets.count)...)
        if whole > 0 { chunkRuns.append(last) }
        guard rest > 0 else { return }
        // The last chunk holds fewer samples than it promises.
        chunkRuns.append(
            .init(
                firstSample: UInt32(count - rest), firstChunk: last.firstChunk + UInt32(whole),
                samplesPerChunk: UInt32(rest)))
    }

    // MARK: Movie fragments

    /// A run of samples that lie behind one another from `position` in the file. `decodeTime` is that of the first,
    /// where the file says: a gap before it lengthens the sample before.
    mutating func appendRun(_ run: [FragmentSample], at position: Int, decodeTime: Int64?) throws(MovieError) {
        guard !run.isEmpty else { return }
        try closeTables()
        guard run.count <= limit - count else { throw .limitExceeded(.samples) }
        if let decodeTime { try moveTime(to: decodeTime) }
        var each: [UInt32]
        switch sizes {
        case .each(let known): each = known
        case .constant(let size): each = Array(repeating: size, count: count)
        }
        sizes = .constant(0)
        var syncs = syncSamples ?? Array(0..<UInt32(count))
        syncSamples = nil
        if offsetCount < count { try appendOffsets(count: count - offsetCount, offset: 0) }
        chunkRuns.append(
            .init(
                firstSample: UInt32(count), firstChunk: UInt32(chunkOffsets.count), samplesPerChunk: UInt32(run.count)))
        chunkOffsets.append(position)
        chunkedCount = count + run.count
        for sample in run {
            if sample.isSync { syncs.append(UInt32(count)) }
            each.append(sample.byteCount)
            try appendDurations(count: 1, delta: sample.duration)
            try appendOffsets(count: 1, offset: sample.compositionOffset)
            count += 1
        }
        sizes = .each(each)
        syncSamples = syncs
    }

    private mutating func moveTime(to time: Int64) throws(MovieError) {
        guard time != nextDecodeTime else { return }
        guard count > 0, let last = durations.last else {
            nextDecodeTime = time
            return
        }
        let lastSample = UInt32(durationCount - 1)
        let lastStart = nextDecodeTime.subtractingSaturated(Int64(last.delta))
        let distance = time.subtractingSaturated(lastStart)
        // Time that runs backwards is ignored: samples stay behind one another.
        guard time > lastStart, let delta = UInt32(exactly: distance), delta <= UInt32(Int32.max) else {
            if time > lastStart { throw .malformed("tfdt") }
            return
        }
        if last.firstSample == lastSample { durations.removeLast() }
        durations.append(.init(firstSample: lastSample, delta: delta, startTime: lastStart))
        nextDecodeTime = time
    }

    // MARK: The finished table

    func build() throws(MovieError) -> SampleTable {
        var closed = self
        try closed.closeTables()
        return try closed.table()
    }

    private func table() throws(MovieError) -> SampleTable {
        guard count > 0 else { return .empty }
        var offsets = offsets
        if !offsets.isEmpty, offsetCount < count {
            offsets.append(.init(firstSample: UInt32(offsetCount), offset: 0))
        } else if offsets.count == 1, offsets[0].offset == 0 {
            offsets = []
        }
        let bytes = try placeBytes()
        guard let first = durations.first, durationCount == count else { throw .malformed("stts") }
        return SampleTable(
            count: count, duration: nextDecodeTime.subtractingSaturated(first.startTime), byteCount: bytes.total,
            endOffset: bytes.end, syncSamples: syncSamples?.count == count ? nil : syncSamples, durations: durations,
            offsets: offsets, chunkRuns: chunkRuns,
            chunkOffsets: chunkOffsets, sizes: sizes, checkpoints: bytes.checkpoints)
    }

    /// One pass over all sizes: no position may leave `Int`.
    private func placeBytes() throws(MovieError) -> (checkpoints: [Int], total: Int, end: Int) {
        if case .each(let each) = sizes { return try place { Int(each[$0]) } }
        guard case .constant(let size) = sizes else { throw .malformed("stsz") }
        return try place { _ in Int(size) }
    }

    private func place(_ size: (Int) -> Int) throws(MovieError) -> (checkpoints: [Int], total: Int, end: Int) {
        var (checkpoints, sample, total, end): ([Int], Int, Int, Int) = ([], 0, 0, 0)
        for (number, run) in chunkRuns.enumerated() {
            let lastChunk = number + 1 < chunkRuns.count ? Int(chunkRuns[number + 1].firstChunk) : chunkOffsets.count
            for chunk in Int(run.firstChunk)..<lastChunk {
                var position = chunkOffsets[chunk]
                let chunkEnd = min(sample + Int(run.samplesPerChunk), count)
                while sample < chunkEnd {
                    if sample % SampleTable.checkpointStride == 0 { checkpoints.append(position) }
                    let bytes = size(sample)
                    let (next, overflow) = position.addingReportingOverflow(bytes)
                    guard !overflow else { throw .malformed("stsz") }
                    position = next
                    total = total.addingSaturated(bytes)
                    sample += 1
                }
                end = max(end, position)
            }
        }
        guard sample == count else { throw .malformed("stsc") }
        return (checkpoints, total, end)
    }
}

/// A sample as a track run tells it, before it has a place and a time.
struct FragmentSample {
    var duration: UInt32
    var byteCount: UInt32
    var compositionOffset: Int32
    var isSync: Bool
}
