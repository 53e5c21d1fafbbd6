import Media

/// An encoded chunk of one rendition.
struct EncodedChunk: Codable, Sendable {
    var step: LadderStep
    var path: String
    /// Of the rendition; nil where it stays in the clear.
    var key: [UInt8]?
    var profile = CutChunk.high
}

/// Cuts the encoded renditions of a chunk into the plan's segments, checks and seals them.
struct CutPicture: ConfinedWork {
    var plan: EncodingPlan
    var segments: Range<Int>
    var chunks: [EncodedChunk]
    /// The source has places that cannot be decoded.
    var isDamaged = false
    /// For `SealedFiles`.
    var folder: String

    func perform(_ answer: ([MadeSegment]) throws -> Void) throws {
        let sealed = SealedFiles(folder: folder)
        var all: [MadeSegment] = []
        for chunk in chunks {
            let cut = CutChunk(
                plan: plan, step: chunk.step, segments: segments, cipher: SegmentCipher(key: chunk.key),
                profile: chunk.profile, isDamaged: isDamaged)
            let initSegment = try cut(chunk.path) { made, bytes in
                try sealed.write(made, bytes)
                all.append(made)
            }
            try sealed.writeInitSegment(chunk.step.name, initSegment)
        }
        try answer(all)
    }
}

/// Makes the init segments of all encoded renditions from a first frame of each.
struct MakeInitSegments: ConfinedWork {
    var plan: EncodingPlan
    var chunks: [EncodedChunk]
    /// For `SealedFiles`.
    var folder: String

    /// Answers the renditions' names.
    func perform(_ answer: ([String]) throws -> Void) throws {
        let sealed = SealedFiles(folder: folder)
        for chunk in chunks {
            let cut = CutChunk(
                plan: plan, step: chunk.step, segments: 0..<1, cipher: SegmentCipher(key: nil))
            try sealed.writeInitSegment(chunk.step.name, try cut.initSegment(chunk.path))
        }
        try answer(chunks.map(\.step.name))
    }
}
