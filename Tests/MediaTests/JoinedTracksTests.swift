import Testing

@testable import Media

@Suite("Tracks in one file")
struct JoinedTracksTests {
    private let initSegment: [UInt8]

    init() throws {
        initSegment = try OutputTrack(
            format: .audio(
                AudioFormat(
                    sampleEntry: "mp4a", codec: .aac(try AudioSpecificConfiguration([0x11, 0x90])), channelCount: 2,
                    sampleRate: 48000)), timescale: 48000, duration: .seconds(5)
        ).initSegment()
    }

    private func fragment(_ number: UInt32, _ byte: UInt8) throws -> (head: [UInt8], rest: [UInt8]) {
        let sample = Fragment.Sample(duration: 40 + UInt32(byte), byteCount: 3, compositionOffset: 0, isSync: true)
        let header = try Fragment(
            sequenceNumber: number, baseDecodeTime: UInt64(number) * UInt64(40 + byte), samples: [sample],
            sources: [0..<3]
        ).header()
        let size = header[..<4].reduce(0) { $0 << 8 | Int($1) }
        return (Array(header[..<size]), header[size...] + [byte, byte, byte])
    }

    @Test("Each sample is found in its track")
    func joined() throws {
        var (file, joined) = (try JoinedTracks.initSegment([initSegment, initSegment, initSegment]), JoinedTracks())
        for number in 1...4 as ClosedRange<UInt32> {
            for track in 0..<3 {
                let (head, rest) = try fragment(number, UInt8(track))
                file += try joined.head(head, ofTrack: track) + rest
            }
        }
        let movie = try TestMedia.movie(file)
        #expect(movie.tracks.count == 3 && !movie.isTruncated)
        for (number, track) in movie.tracks.enumerated() {
            #expect(track.samples.count == 4)
            for sample in track.samples {
                #expect(sample.duration == 40 + UInt32(number))
                #expect(file[sample.byteRange].allSatisfy { $0 == UInt8(number) })
            }
        }
    }

    @Test("What is cut off or damaged anywhere is refused or joined, and ends nothing")
    func damaged() throws {
        let head = try fragment(1, 0).head
        var joined = JoinedTracks()
        #expect(throws: MovieError.self) { try JoinedTracks.initSegment([]) }
        for position in head.indices {
            #expect(throws: MovieError.self) { try joined.head(Array(head[..<position]), ofTrack: 0) }
        }
        for position in initSegment.indices {
            _ = try? JoinedTracks.initSegment([Array(initSegment[..<position])])
        }
        for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
            for position in initSegment.indices {
                var bytes = initSegment
                bytes[position] = value
                _ = try? JoinedTracks.initSegment([bytes, initSegment])
            }
            for position in head.indices {
                var bytes = head
                bytes[position] = value
                _ = try? joined.head(bytes, ofTrack: 1)
            }
        }
    }
}
