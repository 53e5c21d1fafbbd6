@testable import Media

/// Writes small movies box by box, for shapes that no encoder makes on request.
struct SyntheticMovie {
    struct Frame {
        var duration: UInt32
        var offset: Int32 = 0
        var size: UInt32
        var isSync = true
    }

    var frames: [Frame]
    var framesPerChunk = 5
    var timescale: UInt32 = 1000
    var movieTimescale: UInt32 = 1000
    var edits: [(duration: UInt32, time: Int32)] = []
    var constantSize: UInt32?
    var compactSizeBits: Int?
    var usesLongOffsets = false
    var handler: FourCC = "vide"
    var matrix: [Int32] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]

    func bytes() -> [UInt8] {
        var writer = BoxWriter()
        writer.raw(bytesWithoutMedia())
        writer.box("mdat") { $0.zeros(frames.reduce(0) { $0 + Int($1.size) }) }
        return writer.bytes
    }

    func bytesWithoutMedia() -> [UInt8] {
        var writer = BoxWriter()
        writer.box("ftyp") {
            $0.fourCC("isom")
            $0.uint32(0)
        }
        writer.box("moov") { moov in
            moov.fullBox("mvhd") {
                $0.zeros(8)
                $0.uint32(movieTimescale)
                $0.zeros(80)
            }
            moov.box("trak") { writeTrack(&$0) }
        }
        return writer.bytes
    }

    private func writeTrack(_ trak: inout BoxWriter) {
        trak.fullBox("tkhd", flags: 1) { box in
            box.zeros(8)
            box.uint32(1)
            box.zeros(24)
            for value in matrix { box.int32(value) }
            box.zeros(8)
        }
        if !edits.isEmpty {
            trak.box("edts") { edts in
                edts.fullBox("elst") { box in
                    box.uint32(UInt32(edits.count))
                    for edit in edits {
                        box.uint32(edit.duration)
                        box.int32(edit.time)
                        box.uint32(0x1_0000)
                    }
                }
            }
        }
        trak.box("mdia") { mdia in
            mdia.fullBox("mdhd") { box in
                box.zeros(8)
                box.uint32(timescale)
                box.zeros(4)
                box.uint16(0x15C7)
                box.zeros(2)
            }
            mdia.fullBox("hdlr") { box in
                box.zeros(4)
                box.fourCC(handler)
                box.zeros(12)
            }
            mdia.box("minf") { minf in minf.box("stbl") { writeSampleTable(&$0) } }
        }
    }

    private func writeSampleTable(_ stbl: inout BoxWriter) {
        stbl.fullBox("stsd") { box in
            box.uint32(1)
            box.writeSampleEntry(VideoFormat(sampleEntry: "test", codec: .other, width: 64, height: 48))
        }
        stbl.fullBox("stts") { box in
            box.uint32(UInt32(frames.count))
            for frame in frames {
                box.uint32(1)
                box.uint32(frame.duration)
            }
        }
        stbl.fullBox("ctts", version: 1) { box in
            box.uint32(UInt32(frames.count))
            for frame in frames {
                box.uint32(1)
                box.int32(frame.offset)
            }
        }
        stbl.fullBox("stss") { box in
            let syncs = frames.indices.filter { frames[$0].isSync }
            box.uint32(UInt32(syncs.count))
            for sync in syncs { box.uint32(UInt32(sync + 1)) }
        }
        writeSizes(&stbl)
        writeChunks(&stbl)
    }

    private func writeSizes(_ stbl: inout BoxWriter) {
        guard let bits = compactSizeBits else {
            stbl.fullBox("stsz") { box in
                box.uint32(constantSize ?? 0)
                box.uint32(UInt32(frames.count))
                if constantSize == nil { for frame in frames { box.uint32(frame.size) } }
            }
            return
        }
        stbl.fullBox("stz2") { box in
            box.zeros(3)
            box.uint8(UInt8(bits))
            box.uint32(UInt32(frames.count))
            var index = 0
            while index < frames.count {
                switch bits {
                case 16: box.uint16(UInt16(frames[index].size))
                case 8: box.uint8(UInt8(frames[index].size))
                default:
                    let low = index + 1 < frames.count ? frames[index + 1].size : 0
                    box.uint8(UInt8(frames[index].size << 4 | low))
                    index += 1
                }
                index += 1
            }
        }
    }

    /// Chunks lie 100 bytes apart from position 100,000.
    private func writeChunks(_ stbl: inout BoxWriter) {
        let (whole, rest) = frames.count.quotientAndRemainder(dividingBy: framesPerChunk)
        stbl.fullBox("stsc") { box in
            box.uint32((whole > 0 ? 1 : 0) + (rest > 0 ? 1 : 0))
            if whole > 0 {
                box.uint32(1)
                box.uint32(UInt32(framesPerChunk))
                box.uint32(1)
            }
            if rest > 0 {
                box.uint32(UInt32(whole + 1))
                box.uint32(UInt32(rest))
                box.uint32(1)
            }
        }
        let offsets = chunkOffsets()
        stbl.fullBox(usesLongOffsets ? "co64" : "stco") { box in
            box.uint32(UInt32(offsets.count))
            for offset in offsets {
                if usesLongOffsets { box.uint64(UInt64(offset)) } else { box.uint32(UInt32(offset)) }
            }
        }
    }

    private func chunkOffsets() -> [Int] {
        var position = usesLongOffsets ? 1 << 40 : 100_000
        return stride(from: 0, to: frames.count, by: framesPerChunk).map { first in
            defer {
                let chunk = frames[first..<min(first + framesPerChunk, frames.count)]
                position += 100 + chunk.reduce(0) { $0 + Int($1.size) }
            }
            return position
        }
    }

    /// The samples, worked out the slow and simple way.
    func expectedSamples() -> [Sample] {
        let offsets = chunkOffsets()
        var samples: [Sample] = []
        var time: Int64 = 0
        var position = 0
        for (index, frame) in frames.enumerated() {
            if index % framesPerChunk == 0 { position = offsets[index / framesPerChunk] }
            samples.append(
                Sample(
                    index: index, decodeTime: time, compositionOffset: frame.offset, duration: frame.duration,
                    byteOffset: position, byteCount: Int(frame.size), isSync: frame.isSync))
            time += Int64(frame.duration)
            position += Int(frame.size)
        }
        return samples
    }
}

/// Repeatable random numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
