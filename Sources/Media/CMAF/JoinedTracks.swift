/// Several CMAF tracks as one fragmented MP4 (ISO/IEC 14496-12 8.8): one init segment for all of them, behind which their fragments follow
/// each other, each with the number of its track. No sample is touched.
///
/// It reads what `OutputTrack` and `Fragment` write: one track in an init segment, one `moof` in front of one `mdat`.
public struct JoinedTracks: Sendable {
    private var sequenceNumber: UInt32 = 0

    public init() {}

    /// - Parameter initSegments: of one track each; their numbers are their places, from 1.
    public static func initSegment(_ initSegments: [[UInt8]]) throws(MovieError) -> [UInt8] {
        var tracks: [JoinedTrack] = []
        for bytes in initSegments { tracks.append(try JoinedTrack(bytes, number: UInt32(tracks.count + 1))) }
        guard let first = tracks.first else { throw .noMovie }
        let next = UInt32(tracks.count + 1)
        let header = try patched(first.movieHeader, next, at: first.movieHeader.count - 4, in: "mvhd")
        var writer = BoxWriter()
        writer.box("ftyp") { $0.raw(first.fileType) }
        writer.box("moov") { moov in
            moov.box("mvhd") { $0.raw(header) }
            for track in tracks {
                moov.box("trak") { trak in
                    for box in track.boxes { trak.box(box.type) { $0.raw(box.body) } }
                }
            }
            moov.box("mvex") { mvex in
                if let duration = first.duration { mvex.box("mehd") { $0.raw(duration) } }
                for track in tracks { mvex.box("trex") { $0.raw(track.defaults) } }
            }
        }
        return writer.bytes
    }

    /// The head of the next fragment, as one of this track in the file.
    ///
    /// - Parameters:
    ///   - moof: the whole box. Its place in the file does not matter, because its offsets count from its own first byte.
    ///   - track: counted from 0.
    public mutating func head(_ moof: [UInt8], ofTrack track: Int) throws(MovieError) -> [UInt8] {
        sequenceNumber &+= 1
        let places = try Self.places(moof)
        var bytes = moof
        for (place, value) in [(places.sequenceNumber, sequenceNumber), (places.track, UInt32(clamping: track + 1))] {
            bytes = try Self.patched(bytes, value, at: place, in: "moof")
        }
        return bytes
    }

    /// Where the numbers stand that are others in the file.
    private static func places(_ moof: [UInt8]) throws(MovieError) -> (sequenceNumber: Int, track: Int) {
        var (sequenceNumber, track): (Int?, Int?) = (nil, nil)
        var file = ByteReader(moof, box: "moof")
        guard var box = try file.nextBox(), box.box == "moof", file.remaining == 0 else { throw .malformed("moof") }
        while var child = try box.nextBox() {
            switch child.box {
            case "mfhd": sequenceNumber = child.position + 4  // bound: of a box in memory
            case "traf":
                guard track == nil else { throw child.malformed() }
                while let part = try child.nextBox() {
                    if part.box == "tfhd" { track = part.position + 4 }  // bound: of a box in memory
                }
            default: break
            }
        }
        guard let sequenceNumber, let track else { throw .malformed("moof") }
        return (sequenceNumber, track)
    }

    fileprivate static func patched(
        _ bytes: [UInt8], _ value: UInt32, at place: Int, in box: FourCC
    ) throws(MovieError) -> [UInt8] {
        guard place >= 0, place <= bytes.count - 4 else { throw .malformed(box) }  // bound: counts of bytes in memory
        var bytes = bytes
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
        return bytes
    }
}

/// What an init segment holds.
private struct JoinedTrack {
    var fileType: [UInt8] = []
    var movieHeader: [UInt8] = []
    /// Of the track, with its number.
    var boxes: [(type: FourCC, body: [UInt8])] = []
    var duration: [UInt8]?
    var defaults: [UInt8] = []

    init(_ bytes: [UInt8], number: UInt32) throws(MovieError) {
        var file = ByteReader(bytes, box: "file")
        while var box = try file.nextBox() {
            switch box.box {
            case "ftyp": fileType = box.rest()
            case "moov": try readMovie(&box, number)
            default: break
            }
        }
        guard !fileType.isEmpty, !movieHeader.isEmpty, !boxes.isEmpty, !defaults.isEmpty else { throw .noMovie }
    }

    private mutating func readMovie(_ moov: inout ByteReader, _ number: UInt32) throws(MovieError) {
        while var box = try moov.nextBox() {
            switch box.box {
            case "mvhd": movieHeader = box.rest()
            case "trak":
                guard boxes.isEmpty else { throw box.malformed() }
                while var child = try box.nextBox() { boxes.append(try Self.numbered(&child, number)) }
            case "mvex":
                while var child = try box.nextBox() {
                    if child.box == "mehd" { duration = child.rest() }
                    if child.box == "trex" {
                        defaults = try JoinedTracks.patched(child.rest(), number, at: 4, in: "trex")
                    }
                }
            default: break
            }
        }
    }

    private static func numbered(
        _ box: inout ByteReader, _ number: UInt32
    ) throws(MovieError) -> (type: FourCC, body: [UInt8]) {
        let (type, body) = (box.box, box.rest())
        guard type == "tkhd" else { return (type, body) }
        // Behind two times, whose size the version tells.
        return (type, try JoinedTracks.patched(body, number, at: body.first == 1 ? 20 : 12, in: type))
    }
}
