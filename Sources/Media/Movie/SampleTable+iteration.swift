extension SampleTable: Sequence {
    public func makeIterator() -> Iterator { Iterator(self, 0..<count) }

    public var underestimatedCount: Int { count }

    /// The samples of a range of indices, clamped to the table; a seek costs little.
    public func samples(_ range: Range<Int>) -> Slice { Slice(table: self, range: range.clamped(to: 0..<count)) }

    public subscript(index: Int) -> Sample? {
        guard (0..<count).contains(index) else { return nil }
        var iterator = Iterator(self, index..<index + 1)
        return iterator.next()
    }

    public struct Slice: Sequence, Sendable {
        let table: SampleTable
        public let range: Range<Int>

        public func makeIterator() -> Iterator { Iterator(table, range) }
        public var underestimatedCount: Int { range.count }
    }

    /// Walks all runs side by side.
    public struct Iterator: IteratorProtocol, Sendable {
        private let table: SampleTable
        private var index: Int
        private let end: Int
        private var durationRun = 0
        private var decodeTime: Int64 = 0
        private var nextDurationRunAt = 0
        private var offsetRun = 0
        private var chunkRun = 0
        private var chunk = 0
        private var nextChunkAt = 0
        private var byteOffset = 0
        private var syncPosition = 0

        /// `range` lies inside the table.
        init(_ table: SampleTable, _ range: Range<Int>) {
            self.table = table
            index = range.lowerBound
            end = range.upperBound
            if !range.isEmpty { seek() }
        }

        private mutating func seek() {
            durationRun = lastPosition(in: table.durations) { Int($0.firstSample) <= index }
            let duration = table.durations[durationRun]
            // bound: the table's last time was computed like this and fits
            decodeTime = duration.startTime + Int64(index - Int(duration.firstSample)) * Int64(duration.delta)
            nextDurationRunAt = endOfDurationRun()
            if !table.offsets.isEmpty {
                offsetRun = lastPosition(in: table.offsets) { Int($0.firstSample) <= index }
            }
            if let syncs = table.syncSamples {
                syncPosition = firstPosition(in: syncs) { Int($0) >= index }
            }
            chunkRun = lastPosition(in: table.chunkRuns) { Int($0.firstSample) <= index }
            let run = table.chunkRuns[chunkRun]
            let perChunk = Int(run.samplesPerChunk)
            let chunkInRun = (index - Int(run.firstSample)) / perChunk
            chunk = Int(run.firstChunk) + chunkInRun
            let firstInChunk = Int(run.firstSample) + chunkInRun * perChunk
            nextChunkAt = firstInChunk + perChunk
            let checkpoint = index / SampleTable.checkpointStride
            let checkpointSample = checkpoint * SampleTable.checkpointStride
            var at = firstInChunk
            byteOffset = table.chunkOffsets[chunk]
            if checkpointSample > firstInChunk {
                at = checkpointSample
                byteOffset = table.checkpoints[checkpoint]
            }
            while at < index {
                byteOffset += table.size(of: at)  // bound: each position was added up when the table was built
                at += 1
            }
        }

        private func endOfDurationRun() -> Int {
            durationRun + 1 < table.durations.count ? Int(table.durations[durationRun + 1].firstSample) : .max
        }

        public mutating func next() -> Sample? {
            guard index < end else { return nil }
            if index == nextDurationRunAt {
                durationRun += 1
                nextDurationRunAt = endOfDurationRun()
            }
            if index == nextChunkAt { enterNextChunk() }
            if offsetRun + 1 < table.offsets.count, index == Int(table.offsets[offsetRun + 1].firstSample) {
                offsetRun += 1
            }
            var isSync = true
            if let syncs = table.syncSamples {
                isSync = syncPosition < syncs.count && Int(syncs[syncPosition]) == index
                if isSync { syncPosition += 1 }
            }
            let sample = Sample(
                index: index, decodeTime: decodeTime,
                compositionOffset: table.offsets.isEmpty ? 0 : table.offsets[offsetRun].offset,
                duration: table.durations[durationRun].delta, byteOffset: byteOffset,
                byteCount: table.size(of: index), isSync: isSync)
            decodeTime += Int64(sample.duration)  // bound: at most the table's last time
            byteOffset += sample.byteCount  // bound: each position was added up when the table was built
            index += 1
            return sample
        }

        private mutating func enterNextChunk() {
            chunk += 1
            if chunkRun + 1 < table.chunkRuns.count, chunk == Int(table.chunkRuns[chunkRun + 1].firstChunk) {
                chunkRun += 1
            }
            nextChunkAt += Int(table.chunkRuns[chunkRun].samplesPerChunk)
            byteOffset = table.chunkOffsets[chunk]
        }
    }
}

/// The position of the first element for which `matches` holds, where it holds for all after it; the count if none.
func firstPosition<Element>(in array: [Element], where matches: (Element) -> Bool) -> Int {
    var (low, high) = (0, array.count)
    while low < high {
        let middle = (low + high) / 2
        if matches(array[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
}

/// The position of the last element for which `matches` holds, where it holds for all before it; 0 if none.
func lastPosition<Element>(in array: [Element], where matches: (Element) -> Bool) -> Int {
    max(0, firstPosition(in: array) { !matches($0) } - 1)
}
