extension Fragment {
    /// A video segment from samples in decoding order.
    ///
    /// - Parameters:
    ///   - displayTimes: when the frames are shown, ascending, in ticks of the output track; as many as samples.
    ///     The frame shown n-th of the samples is shown at the n-th of these, so the output has the plan's exact
    ///     times even where an encoder rounded them.
    ///   - end: when the last frame ends: the next segment's start.
    public static func video(
        _ samples: some Sequence<Media.Sample>, displayTimes: some RandomAccessCollection<Int64>, end: Int64,
        sequenceNumber: UInt32
    ) throws(Failure) -> Fragment {
        let samples = Array(samples)
        let times = Array(displayTimes)
        guard samples.count == times.count, let start = times.first else { throw .countMismatch }
        guard start >= 0, zip(times, times.dropFirst() + [end]).allSatisfy(<) else {
            throw .badTimes
        }
        let ranks = displayRanks(samples)
        var decodeTime = end
        var output: [Sample] = []
        output.reserveCapacity(samples.count)
        // From the last: a frame is decoded no later than its turn, before the next one, and no later than it is
        // shown. Where too few ticks are left for that, the first frames are decoded all at once.
        for (position, sample) in samples.enumerated().reversed() {
            let shown = times[ranks[position]]
            let next = decodeTime
            decodeTime = max(start, min(times[position], shown, next.subtractingSaturated(1)))
            guard let duration = UInt32(exactly: next.subtractingSaturated(decodeTime)),
                let offset = UInt32(exactly: shown.subtractingSaturated(decodeTime)), offset <= Int32.max,
                let byteCount = UInt32(exactly: sample.byteCount)
            else { throw .badTimes }
            output.append(
                Sample(duration: duration, byteCount: byteCount, compositionOffset: offset, isSync: sample.isSync))
        }
        return try Fragment(
            sequenceNumber: sequenceNumber, baseDecodeTime: UInt64(start), samples: output.reversed(),
            sources: joinedRanges(samples))
    }

    /// An audio segment from consecutive samples, the first at `decodeTime` ticks of the output track. Durations are
    /// the source's, so its timescale must be the output's.
    public static func audio(
        _ samples: some Sequence<Media.Sample>, decodeTime: Int64, sequenceNumber: UInt32
    ) throws(Failure) -> Fragment {
        let samples = Array(samples)
        guard let baseDecodeTime = UInt64(exactly: decodeTime) else { throw .badTimes }
        var output: [Sample] = []
        output.reserveCapacity(samples.count)
        for sample in samples {
            guard let byteCount = UInt32(exactly: sample.byteCount) else { throw .tooLarge }
            output.append(
                Sample(duration: sample.duration, byteCount: byteCount, compositionOffset: 0, isSync: true))
        }
        return try Fragment(
            sequenceNumber: sequenceNumber, baseDecodeTime: baseDecodeTime, samples: output,
            sources: joinedRanges(samples))
    }

    /// For each sample in decoding order, how many are shown before it.
    private static func displayRanks(_ samples: [Media.Sample]) -> [Int] {
        let order = samples.indices.sorted {
            (samples[$0].presentationTime, $0) < (samples[$1].presentationTime, $1)
        }
        var ranks = Array(repeating: 0, count: samples.count)
        for (rank, position) in order.enumerated() { ranks[position] = rank }
        return ranks
    }

    private static func joinedRanges(_ samples: [Media.Sample]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for sample in samples where sample.byteCount > 0 {
            if let last = ranges.last, last.upperBound == sample.byteOffset {
                ranges[ranges.count - 1] = last.lowerBound..<sample.byteRange.upperBound
            } else {
                ranges.append(sample.byteRange)
            }
        }
        return ranges
    }
}
