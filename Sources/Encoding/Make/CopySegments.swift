import Media

/// Makes segments of a standard source from its own samples and seals them.
struct CopySegments: ConfinedWork {
    enum Answer: Codable, Sendable {
        /// The init segments are there. `videoCodecs`: what the copied picture really is.
        case opened(videoCodecs: String?)
        /// These segments are there, all renditions of each number.
        case made([MadeSegment])
    }

    /// The original, or its samples in a temporary MP4.
    var path: String
    var plan: EncodingPlan
    /// Of the picture among the streams of the original.
    var videoIndex: Int?
    /// By rendition; none where segments stay in the clear.
    var keys: [String: [UInt8]]
    /// What to make, in this order.
    var numbers: [Int]
    /// Nothing more is begun when so many bytes are made.
    var byteLimit: Int
    /// Of a file that is still written: so much of it counts.
    var fileByteCount: Int?
    /// For `SealedFiles`.
    var folder: String

    /// How much is told of at once. The first segments are told of early: somebody waits for them.
    private static let batchBytes = 12 << 20
    private static let batchNumbers = 64
    private static let firstNumbers = 2

    func perform(_ answer: (Answer) throws -> Void) throws {
        let source = try CopySource(path: path, plan: plan, videoIndex: videoIndex, byteCount: fileByteCount)
        let sealed = SealedFiles(folder: folder)
        let names = plan.copiedRenditions
        for name in names { try sealed.writeInitSegment(name, source.initSegments[name] ?? []) }
        try answer(.opened(videoCodecs: source.videoCodecs))
        var (batch, batchBytes, bytes, isFirst) = ([MadeSegment](), 0, 0, true)
        for number in numbers where bytes < byteLimit {
            for name in names {
                let cipher = SegmentCipher(key: keys[name])
                let segment =
                    plan.step(named: name) == nil
                    ? try source.audioSegment(name, number, cipher: cipher)
                    : try source.videoSegment(number, cipher: cipher)
                try sealed.write(segment.made, segment.bytes)
                batch.append(segment.made)
                batchBytes += segment.bytes.count
                bytes += segment.bytes.count
            }
            let most = (isFirst ? Self.firstNumbers : Self.batchNumbers) * names.count
            if batch.count >= most || batchBytes >= Self.batchBytes {
                try answer(.made(batch))
                (batch, batchBytes, isFirst) = ([], 0, false)
            }
        }
        if !batch.isEmpty { try answer(.made(batch)) }
    }
}

extension EncodingPlan {
    /// The renditions that need no encoding.
    var copiedRenditions: [String] {
        (copying == nil ? [] : [steps[0].name]) + audio.filter { $0.making == .copy }.map(\.name)
    }
}
