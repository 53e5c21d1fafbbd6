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

    init(limit: Int) { self.limit = limit }

    // MARK: The tables of a sample table box, each called at most once and before any fragment.

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
        // At most 2^31 ticks for each of a limited number of samples: far below 2^63.
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
        var samples = 0
        for (number, run) in runs.enumerated() where Int(run.firstChunk) < positions.count {
            let end = number + 1 < runs.count ? min(Int(runs[number + 1].firstChunk), positions.count) : positions.count
            let chunks = end - Int(run.firstChunk)
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

    // MARK: Movie fragments

    /// A run of samples that lie behind one another from `position` in the file. `decodeTime` is that of the first,
    /// where the file says: a gap before it lengthens the sample before.
    mutating func appendRun(_ run: [FragmentSample], at position: Int, decodeTime: Int64?) throws(MovieError) {
        guard !run.isEmpty else { return }
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
        let lastStart = nextDecodeTime - Int64(last.delta)
        // Time that runs backwards is ignored: samples stay behind one another.
        guard time > lastStart, let delta = UInt32(exactly: time - lastStart), delta <= UInt32(Int32.max) else {
            if time > lastStart { throw .malformed("tfdt") }
            return
        }
        if last.firstSample == lastSample { durations.removeLast() }
        durations.append(.init(firstSample: lastSample, delta: delta, startTime: lastStart))
        nextDecodeTime = time
    }

    // MARK: The finished table

    func build() throws(MovieError) -> SampleTable {
        guard count > 0 else { return .empty }
        guard durationCount >= count else { throw .malformed("stts") }
        guard chunkedCount >= count else { throw .malformed("stsc") }
        var offsets = offsets
        if !offsets.isEmpty, offsetCount < count {
            offsets.append(.init(firstSample: UInt32(offsetCount), offset: 0))
        } else if offsets.count == 1, offsets[0].offset == 0 {
            offsets = []
        }
        var syncs = syncSamples
        if let all = syncs {
            let known = firstPosition(in: all) { Int($0) >= count }
            syncs = known == count ? nil : Array(all[..<known])
        }
        let bytes = try placeBytes()
        let durations = Array(durations[..<firstPosition(in: durations) { Int($0.firstSample) >= count }])
        guard let first = durations.first, let last = durations.last else { throw .malformed("stts") }
        let end = last.startTime + Int64(count - Int(last.firstSample)) * Int64(last.delta)
        return SampleTable(
            count: count, duration: end - first.startTime, byteCount: bytes.total, endOffset: bytes.end,
            syncSamples: syncs, durations: durations, offsets: offsets, chunkRuns: chunkRuns,
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
                    total += bytes
                    sample += 1
                }
                end = max(end, position)
            }
        }
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
