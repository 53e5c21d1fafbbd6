import Media
import Storage

/// Writes copied segments to files that ffmpeg can read: with their init segment, and in the clear.
struct UncoverSegments: ConfinedWork {
    struct Answer: Codable, Sendable {
        var picture: UncoveredPicture?
        /// By rendition and number.
        var sounds: [String: [Int: UncoveredSound]] = [:]
    }

    /// The original, or its samples in a temporary MP4.
    var path: String
    var plan: EncodingPlan
    /// Of the picture among the streams of the original.
    var videoIndex: Int?
    var renditions: [String]
    /// One file for each of them and each rendition: segments that follow each other.
    var ranges: [Range<Int>]
    var folder: String

    static func file(_ rendition: String, _ range: Range<Int>, in folder: String) -> String {
        "\(folder)/clear-\(rendition)-\(range.lowerBound)-\(range.upperBound).mp4"
    }

    func perform(_ answer: (Answer) throws -> Void) throws {
        let source = try CopySource(path: path, plan: plan, videoIndex: videoIndex)
        var told = Answer(picture: plan.copying == nil ? nil : source.videoFormat.flatMap(UncoveredPicture.init))
        for name in renditions {
            for range in ranges {
                var bytes = source.initSegments[name] ?? []
                for number in range {
                    bytes +=
                        plan.step(named: name) == nil
                        ? try source.audioSegment(name, number, cipher: SegmentCipher(key: nil)).bytes
                        : try source.videoSegment(number, cipher: SegmentCipher(key: nil)).bytes
                    if let place = source.soundPlace(name, number) {
                        told.sounds[name, default: [:]][number] = UncoveredSound(
                            start: place.start, length: place.length)
                    }
                }
                try WorkFile.write(bytes, to: Self.file(name, range, in: folder))
            }
        }
        try answer(told)
    }
}

/// What a copied picture is, so that one that stands in for it can be the same.
struct UncoveredPicture: Codable, Sendable {
    /// Of H.264.
    var profile: UInt8
    /// Ten times the level.
    var level: Int
    var size: PixelSize

    init?(_ format: VideoFormat) {
        guard case .avc(let configuration) = format.codec else { return nil }
        profile = configuration.profile
        level = Int(configuration.level)
        size = PixelSize(width: format.width, height: format.height)
    }
}

/// A segment of copied sound, in samples.
struct UncoveredSound: Codable, Sendable {
    var start: Int64
    var length: Int64
}
