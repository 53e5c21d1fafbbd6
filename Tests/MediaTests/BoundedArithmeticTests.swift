import Testing

@testable import Media

@Suite("Arithmetic for numbers from files")
struct BoundedArithmeticTests {
    @Test("What does not fit is the nearest end of the range")
    func saturation() {
        #expect(Int64.max.addingSaturated(1) == .max && Int64.min.addingSaturated(-1) == .min)
        #expect(Int64.min.subtractingSaturated(1) == .min && Int64(0).subtractingSaturated(.min) == .max)
        #expect(Int64.max.multipliedSaturated(by: -2) == .min && Int64.min.multipliedSaturated(by: -1) == .max)
        #expect(UInt32.max.addingSaturated(1) == .max && UInt32(1).subtractingSaturated(2) == .min)
        #expect(UInt32.max.multipliedSaturated(by: 2) == .max)
        #expect(Int(3).addingSaturated(4) == 7 && Int(3).multipliedSaturated(by: -4) == -12)
    }

    @Test("Every floating point number has an integer")
    func clamping() {
        #expect(Int64(clamping: Double.nan) == 0)
        #expect(Int64(clamping: Double.infinity) == .max && Int64(clamping: -Double.infinity) == .min)
        #expect(Int64(clamping: 1e300) == .max && Int64(clamping: -1e300) == .min)
        #expect(Int64(clamping: 9.3e18) == .max && Int64(clamping: -9.3e18) == .min)
        #expect(
            Int64(clamping: 2.5) == 2 && Int64(clamping: -2.5) == -2
                && Int64(clamping: 1e18) == 1_000_000_000_000_000_000)
        #expect(UInt32(clamping: -1.0) == 0 && UInt32(clamping: 5e9) == .max && UInt8(clamping: 255.4) == 255)
        #expect(Int(clamping: Double.leastNonzeroMagnitude) == 0)
    }

    @Test("A storyboard of an absurd length and size has a grid")
    func storyboard() {
        for (ticks, side) in [(Int64.max, Int.max), (.min, .min), (0, 0), (1 << 40, 1 << 40)] {
            let board = Storyboard(duration: MediaTime(ticks: ticks, timescale: 1), width: side, height: 1)
            #expect((1...100).contains(board.count) && board.tileWidth <= 160 && board.rows >= 1)
            #expect(board.webVTT(imageURI: "x").hasPrefix("WEBVTT"))
        }
        let stored = Storyboard(
            tileWidth: .max, tileHeight: .max, columns: 1, count: 3, interval: .seconds(.max),
            duration: .seconds(.max))
        #expect(stored.webVTT(imageURI: "x").contains("#xywh=0,"))
    }

    @Test("Bit rates add up to what fits")
    func bandwidth() {
        let most = HLS.Bandwidth(peak: .max, average: .max)
        #expect((most + most).peak == .max)
    }
}
