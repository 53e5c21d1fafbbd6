/// One coded frame of a track: where its bytes are and when it is decoded and shown, in ticks of the track.
public struct Sample: Sendable, Hashable {
    /// Position in decoding order, from 0.
    public var index: Int
    public var decodeTime: Int64
    /// Presentation time minus decode time.
    public var compositionOffset: Int32
    public var duration: UInt32
    /// Position in the file.
    public var byteOffset: Int
    public var byteCount: Int
    public var isSync: Bool

    /// Composition time, before any edit list.
    public var presentationTime: Int64 { decodeTime.addingSaturated(Int64(compositionOffset)) }

    public var byteRange: Range<Int> { byteOffset..<byteOffset.addingSaturated(byteCount) }
}

/// All samples of a track in decoding order, kept as compactly as the file keeps them: runs of equal durations and
/// composition offsets, chunk positions, sizes. Two hours at 60 frames a second take about 2 MB.
///
/// A table is checked when it is built; iteration cannot fail.
public struct SampleTable: Sendable {
    /// Samples in this run, up to the next run's first one, all take `delta` ticks.
    struct DurationRun: Sendable {
        var firstSample: UInt32
        var delta: UInt32
        var startTime: Int64
    }

    struct OffsetRun: Sendable {
        var firstSample: UInt32
        var offset: Int32
    }

    /// Chunks from `firstChunk` up to the next run's hold `samplesPerChunk` samples each.
    struct ChunkRun: Sendable {
        var firstSample: UInt32
        var firstChunk: UInt32
        var samplesPerChunk: UInt32
    }

    enum Sizes: Sendable {
        case constant(UInt32)
        case each([UInt32])
    }

    static let checkpointStride = 1024

    public let count: Int
    /// In ticks: the end of the last sample minus the decode time of the first.
    public let duration: Int64
    /// The sum of all sample sizes.
    public let byteCount: Int
    /// The end of the last byte that any sample takes in the file.
    public let endOffset: Int
    /// Samples with this index are sync samples; nil: all are.
    let syncSamples: [UInt32]?
    let durations: [DurationRun]
    let offsets: [OffsetRun]
    let chunkRuns: [ChunkRun]
    let chunkOffsets: [Int]
    let sizes: Sizes
    /// File position of each 1024th sample, so that a seek adds up few sizes.
    let checkpoints: [Int]

    public static let empty = SampleTable(
        count: 0, duration: 0, byteCount: 0, endOffset: 0, syncSamples: nil, durations: [], offsets: [],
        chunkRuns: [], chunkOffsets: [], sizes: .constant(0), checkpoints: [])

    public var isEmpty: Bool { count == 0 }

    /// Of one sample.
    public var largestSize: Int {
        switch sizes {
        case .constant(let size): isEmpty ? 0 : Int(size)
        case .each(let sizes): Int(sizes.max() ?? 0)
        }
    }

    /// The sum of the sizes of a range of samples, clamped to the table.
    public func byteCount(of range: Range<Int>) -> Int {
        range.clamped(to: 0..<count).reduce(0) { $0.addingSaturated(size(of: $1)) }
    }

    func size(of sample: Int) -> Int {
        switch sizes {
        case .constant(let size): Int(size)
        case .each(let sizes): Int(sizes[sample])
        }
    }
}
