/// One media segment of a CMAF track: a single `moof` and `mdat` (ISO/IEC 23000-19 7.3.2).
///
/// The fragment knows where its samples lie in their source, not the samples themselves: write `header()`, then the
/// bytes of each of `sources` in order.
///
/// **Times.** Decode times are chosen here. Of a segment's frames, the one decoded n-th is decoded when the n-th is
/// shown; frames that are shown later than their turn are decoded earlier, just in front of the next one. So a
/// video fragment's `tfdt` is the exact start of its segment, at which its first frame is shown; fragments join without
/// gap or overlap, whatever the source's decode times were; and no composition offset is negative, so no edit list is
/// needed. (Measured: with negative offsets ffmpeg shows the picture too late, and WebKitGTK does not apply edit lists.)
public struct Fragment: Sendable, Hashable {
    public struct Sample: Sendable, Hashable {
        public var duration: UInt32
        public var byteCount: UInt32
        public var compositionOffset: UInt32
        public var isSync: Bool

        public init(duration: UInt32, byteCount: UInt32, compositionOffset: UInt32, isSync: Bool) {
            self.duration = duration
            self.byteCount = byteCount
            self.compositionOffset = compositionOffset
            self.isSync = isSync
        }
    }

    public enum Failure: Error, Sendable, Hashable {
        /// A fragment has at least one sample and one time for each.
        case countMismatch
        /// Times do not ascend, or a distance does not fit into its field.
        case badTimes
        /// More than 4 GB of samples.
        case tooLarge
    }

    public let sequenceNumber: UInt32
    /// In ticks of the track, from 0.
    public let baseDecodeTime: UInt64
    public let samples: [Sample]
    /// Where the samples' bytes lie, in order; neighbours are joined.
    public let sources: [Range<Int>]
    /// Of all samples.
    public let payloadByteCount: Int

    /// - Parameter sequenceNumber: from 1 upwards within a track.
    public init(
        sequenceNumber: UInt32, baseDecodeTime: UInt64, samples: [Sample], sources: [Range<Int>]
    ) throws(Failure) {
        guard !samples.isEmpty else { throw .countMismatch }
        let bytes = samples.reduce(0) { $0.addingSaturated(Int($1.byteCount)) }
        guard bytes == sources.reduce(0, { $0.addingSaturated($1.count) }) else { throw .countMismatch }
        guard bytes <= Int(UInt32.max) - 8 else { throw .tooLarge }
        self.sequenceNumber = sequenceNumber
        self.baseDecodeTime = baseDecodeTime
        self.samples = samples
        self.sources = sources
        payloadByteCount = bytes
    }

    /// In ticks of the track.
    public var duration: UInt64 { samples.reduce(0) { $0.addingSaturated(UInt64($1.duration)) } }

    /// How many bytes from the fragment's first one a decoder needs to show its first picture; nil where that is no keyframe.
    ///
    /// - Parameter header: `header()`
    public func keyframeByteCount(after header: [UInt8]) -> Int? {
        samples[0].isSync ? header.count.addingSaturated(Int(samples[0].byteCount)) : nil
    }

    /// `moof` and the head of `mdat`; the samples follow.
    public func header() -> [UInt8] {
        var writer = BoxWriter()
        let shared = SharedValues(samples)
        var dataOffsetAt = 0
        writer.box("moof") { moof in
            moof.fullBox("mfhd") { $0.uint32(sequenceNumber) }
            moof.box("traf") { traf in
                shared.writeHeader(&traf)
                traf.fullBox("tfdt", version: 1) { $0.uint64(baseDecodeTime) }
                traf.fullBox("trun", flags: shared.runFlags) { trun in
                    trun.uint32(UInt32(samples.count))
                    dataOffsetAt = trun.bytes.count
                    trun.uint32(0)
                    if let first = shared.firstFlags { trun.uint32(first) }
                    for sample in samples { shared.write(sample, &trun) }
                }
            }
        }
        writer.patch(UInt32(writer.bytes.count + 8), at: dataOffsetAt)
        writer.uint32(UInt32(8 + payloadByteCount))  // bound: checked when it was made
        writer.fourCC("mdat")
        return writer.bytes
    }
}

/// What all samples have in common is written once (`tfhd`), the rest for each (`trun`).
private struct SharedValues {
    let duration: UInt32?
    let byteCount: UInt32?
    let hasOffsets: Bool
    /// Flags of all samples, but for the first if `firstFlags` is set; nil: each has its own.
    let flags: UInt32?
    let firstFlags: UInt32?

    init(_ samples: [Fragment.Sample]) {
        let first = samples[0]
        duration = samples.allSatisfy { $0.duration == first.duration } ? first.duration : nil
        byteCount = samples.allSatisfy { $0.byteCount == first.byteCount } ? first.byteCount : nil
        hasOffsets = samples.contains { $0.compositionOffset != 0 }
        let rest = samples.dropFirst()
        if let second = rest.first, rest.allSatisfy({ $0.isSync == second.isSync }) {
            flags = Self.flags(second.isSync)
            firstFlags = first.isSync == second.isSync ? nil : Self.flags(first.isSync)
        } else {
            flags = rest.isEmpty ? Self.flags(first.isSync) : nil
            firstFlags = nil
        }
    }

    /// Depends on no other sample, or depends on others and is no sync sample (ISO/IEC 14496-12 8.8.3.1).
    static func flags(_ isSync: Bool) -> UInt32 { isSync ? 0x0200_0000 : 0x0101_0000 }

    var runFlags: UInt32 {
        0x01 | (firstFlags == nil ? 0 : 0x04) | (duration == nil ? 0x100 : 0) | (byteCount == nil ? 0x200 : 0)
            | (flags == nil ? 0x400 : 0) | (hasOffsets ? 0x800 : 0)
    }

    func writeHeader(_ traf: inout BoxWriter) {
        let present: UInt32 =
            0x02_0000 | (duration == nil ? 0 : 0x08) | (byteCount == nil ? 0 : 0x10) | (flags == nil ? 0 : 0x20)
        traf.fullBox("tfhd", flags: present) { box in
            box.uint32(1)
            if let duration { box.uint32(duration) }
            if let byteCount { box.uint32(byteCount) }
            if let flags { box.uint32(flags) }
        }
    }

    func write(_ sample: Fragment.Sample, _ trun: inout BoxWriter) {
        if duration == nil { trun.uint32(sample.duration) }
        if byteCount == nil { trun.uint32(sample.byteCount) }
        if flags == nil { trun.uint32(Self.flags(sample.isSync)) }
        if hasOffsets { trun.uint32(sample.compositionOffset) }
    }
}
