import FoundationEssentials
import Media
import Reactor
import Testing

@testable import Encoding

@Suite("Checksums of what an encoder gave")
struct PacketChecksumsTests {
    @Test("The sum is that of RFC 1950, from 0")
    func sum() {
        var sum = Adler32()
        sum.update(Array("Wikipedia".utf8))
        // From 1 it is 0x11E60398: the low half is one more, and the high half one more for each byte.
        #expect(sum.value == 0x11DD_0397)
        var long = Adler32()
        long.update(Array(repeating: 0xFF, count: 100_000))
        var (low, high) = (0, 0)
        for _ in 0..<100_000 {
            low = (low + 255) % 65521
            high = (high + low) % 65521
        }
        #expect(long.value == UInt32(high << 16 | low))
    }

    @Test("Every sample of a real encoding matches, and none of which a bit was changed")
    func samples() async throws {
        try await Studio.with(isWorking: false) { studio in
            let movie = "\(studio.folder)/a.mp4"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=3", "-c:v", "libx264", "-threads", "1",
                "-g",
                "20", "-flags", "+global_header", "-map", "0:v", "-f", "tee",
                "[f=mp4]file:\(movie)|[f=framecrc]file:\(PacketChecksums.path(of: movie))",
            ])
            let file = try OpenFile(path: movie)
            let track = try #require(
                try MovieReader.movie(byteCount: file.byteCount, read: file.read).videoTracks.first)
            let sums = try PacketChecksums(movie: movie)
            #expect(sums.count == 75 && track.samples.count == 75)
            for (position, sample) in track.samples.enumerated() {
                var bytes = try file.read(sample.byteRange)
                #expect(sums.matches(bytes, at: position), "\(position)")
                bytes[bytes.count - 1 - position % 50] ^= 4
                #expect(!sums.matches(bytes, at: position), "\(position)")
            }
            #expect(!sums.matches([], at: 0) && !sums.matches([0, 0, 0, 9, 1], at: 0) && !sums.matches([1], at: 75))
        }
    }
}
