import Testing

@testable import Media

@Suite("MPEG audio is found by its frames")
struct MPEGAudioFramesTests {
    /// Headers as real files have them, and how long such a frame is.
    static let frames: [(header: [UInt8], byteCount: Int)] = [
        ([0xFF, 0xFB, 0x90, 0x64], 417),  // MPEG-1 layer III, 128 kbit/s, 44.1 kHz
        ([0xFF, 0xFB, 0x92, 0x64], 418),  // with a byte of padding
        ([0xFF, 0xFD, 0x94, 0x00], 480),  // MPEG-1 layer II, 160 kbit/s, 48 kHz
        ([0xFF, 0xF3, 0x80, 0x64], 208),  // MPEG-2 layer III, 64 kbit/s, 22.05 kHz
        ([0xFF, 0xE3, 0x40, 0x64], 208),  // MPEG-2.5 layer III, 32 kbit/s, 11.025 kHz
        ([0xFF, 0xFF, 0x94, 0x00], 288),  // MPEG-1 layer I, 288 kbit/s, 48 kHz
    ]

    @Test("A row of eight is enough, seven are not, wherever it begins", arguments: frames)
    func row(header: [UInt8], byteCount: Int) {
        let frame = header + [UInt8](repeating: 0x55, count: byteCount - 4)
        let row = (0..<8).flatMap { _ in frame }
        for before in [0, 1, 3, 1000] {
            let noise = [UInt8](repeating: 0xFF, count: before)
            #expect(MPEGAudioFrames.start(in: noise + row) == before)
            #expect(MPEGAudioFrames.start(in: noise + row.dropLast(byteCount - 4)) == before)
            #expect(MPEGAudioFrames.start(in: noise + row.dropLast(byteCount)) == nil)
        }
    }

    @Test("What is cut short, or has another rate each time, is no row")
    func none() {
        #expect(MPEGAudioFrames.start(in: []) == nil)
        #expect(MPEGAudioFrames.start(in: [0xFF, 0xFB, 0x90]) == nil)
        let rates: [UInt8] = [0x90, 0x94, 0x98]
        let bytes = (0..<9).flatMap { number -> [UInt8] in
            let size = [417, 384, 576][number % 3]
            return [0xFF, 0xFB, rates[number % 3], 0x64] + [UInt8](repeating: 0, count: size - 4)
        }
        #expect(MPEGAudioFrames.start(in: bytes) == nil)
    }
}
