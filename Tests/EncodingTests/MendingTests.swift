import FoundationEssentials
import Media
import Testing

@testable import Encoding

/// Damage in what is copied ends some players for good: others stand in for the segments that it is in.
@Suite("Damage in films that are copied")
struct MendingTests {
    private static let patient: EncodingSettings = {
        var settings = EncodingSettings()
        settings.retryDelay = .milliseconds(5)
        return settings
    }()

    enum Place: Equatable, Sendable {
        /// Of the file: all that is there.
        case middle
        /// Most of two seconds, and all but the head of the keyframe that they begin with.
        case keyframe
        /// The middles of twenty frames of a track.
        case frames(String)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var kind: String
        var file = "a.mp4"
        var size = "640x360"
        var bitRate = "2M"
        var place = Place.middle
        var testDescription: String { kind }
    }

    static let cases = [
        Case(kind: "a bad block of a disk"),
        Case(kind: "a bad block of a disk, nothing is encoded from it", size: "320x240", bitRate: "1M"),
        Case(kind: "pictures in Matroska", file: "a.mkv", place: .frames("v")),
        Case(kind: "seconds behind the head of a keyframe", bitRate: "300k", place: .keyframe),
        Case(kind: "in the sound alone", place: .frames("a")),
    ]

    @Test("It is covered in its segments, all else stays bit by bit what it was", arguments: cases)
    func covered(film: Case) async throws {
        try await Studio.with(Self.patient) { studio in
            let path = "\(studio.folder)/\(film.file)"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=\(film.size):rate=25:duration=24", "-f", "lavfi", "-i",
                "sine=duration=24", "-c:v", "libx264", "-b:v", film.bitRate, "-pix_fmt", "yuv420p", "-g", "50",
                "-c:a", "aac", path,
            ])
            let frames = Frames(studio: studio)
            let whole = try await frames.hashes(path)
            try await damage(film, path, studio)
            let id = try await studio.add(path)
            try await studio.complete(id)
            try await studio.drained()
            let presentation = try await studio.presentation(id)
            let top = presentation.video[0]
            let sound = try #require(presentation.audio.first)
            let isSoundOnly = film.place == .frames("a")
            #expect(presentation.video.allSatisfy { !$0.name.contains("-") })
            #expect(isSoundOnly ? top.mended.isEmpty : (1...6).contains(top.mended.count))
            if isSoundOnly { #expect((1...3).contains(sound.mended.count)) }
            for rendition in presentation.video + presentation.audio {
                for piece in try await studio.pieces(id, rendition.name) {
                    try await studio.ffmpeg(["-v", "warning", "-xerror", "-i", piece, "-f", "null", "-"])
                }
            }
            // What is not mended shows what it always did, and what is mended has a picture for each of its moments.
            let plan = try #require(try await studio.plan(id))
            let pieces = try await studio.pieces(id, top.name)
            for (number, segment) in plan.segments.segments.enumerated() {
                let shown = try await frames.hashes(pieces[number])
                if top.mended.contains(number) {
                    #expect((1...segment.frameCount + 1).contains(shown.count))
                } else {
                    let isSame = shown.elementsEqual(whole[segment.frames])
                    #expect(isSame, "segment \(number)")
                }
            }
            let change = try #require(studio.changes.all(of: id).last)
            #expect(change.status == .ready && change.progress == 1)
            #expect(change.warnings.map(\.code) == [.damaged])
            let told = try #require(change.warnings.first?.detail.flatMap { Double($0) })
            let mended = top.mended.union(sound.mended)
            let first = try #require(mended.min())
            #expect(abs(plan.segments.segments[first].start.seconds - told) < 0.001)
        }
    }

    /// As a bad disk leaves it.
    private func damage(_ film: Case, _ path: String, _ studio: Studio) async throws {
        var bytes = try [UInt8](contentsOf: path)
        func clear(_ range: Range<Int>) { for position in range { bytes[position] = 0 } }
        switch film.place {
        case .middle: clear(bytes.count / 2..<bytes.count / 2 + 40_000)
        case .keyframe:
            let keyframes = try await packets(of: "v", in: path, studio).filter(\.isKeyframe)
            try #require(keyframes.count == 12)
            clear(keyframes[6].position + 100..<keyframes[7].position - 5000)
        case .frames(let track):
            for packet in try await packets(of: track, in: path, studio)[480..<500] {
                let middle = packet.position + packet.byteCount / 2
                clear(middle..<middle + packet.byteCount / 3)
            }
        }
        try Data(bytes).write(to: URL(filePath: path))
    }

    private func packets(
        of track: String, in path: String, _ studio: Studio
    ) async throws -> [(byteCount: Int, position: Int, isKeyframe: Bool)] {
        let text = try await studio.tool(
            "/usr/bin/ffprobe",
            [
                "-v", "error", "-select_streams", track, "-show_entries", "packet=size,pos,flags", "-of", "csv=p=0",
                path,
            ])
        return try text.split(separator: "\n").map { line in
            let fields = line.split(separator: ",")
            return (try #require(Int(fields[0])), try #require(Int(fields[1])), fields[2].hasPrefix("K"))
        }
    }
}
