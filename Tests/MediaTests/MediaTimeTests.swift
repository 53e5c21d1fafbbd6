import Testing

@testable import Media

@Suite("Exact times")
struct MediaTimeTests {
    @Test(
        "Rescaling rounds as asked",
        arguments: [
            (1001, 30000, 90000, 3003, 3003, 3003),
            (1, 3, 10, 3, 3, 4),
            (-1, 3, 10, -4, -3, -3),
            (1, 2, 1, 0, 1, 1),
            (-1, 2, 1, -1, -1, 0),
            (0, 7, 13, 0, 0, 0),
        ] as [(Int64, UInt32, UInt32, Int64, Int64, Int64)])
    func rescaling(ticks: Int64, from: UInt32, to: UInt32, down: Int64, nearest: Int64, up: Int64) {
        #expect(MediaTime.rescale(ticks, from: from, to: to, rounding: .down) == down)
        #expect(MediaTime.rescale(ticks, from: from, to: to, rounding: .nearest) == nearest)
        #expect(MediaTime.rescale(ticks, from: from, to: to, rounding: .up) == up)
    }

    @Test("What does not fit stays at the end of the range")
    func saturation() {
        #expect(MediaTime.rescale(.max, from: 1, to: 90000) == .max)
        #expect(MediaTime.rescale(.min, from: 1, to: 90000) == .min)
        #expect(MediaTime.rescale(.max, from: 90000, to: 90001) == .max)
        #expect(MediaTime.rescale(.min, from: 2, to: 1) == .min / 2)
        #expect((MediaTime(ticks: .max, timescale: 1) + .seconds(1)).ticks == .max)
        #expect((-MediaTime(ticks: .min, timescale: 1)).ticks == .max)
    }

    @Test("Times of different timescales compare and hash by value")
    func comparison() {
        #expect(MediaTime(ticks: 1, timescale: 2) == MediaTime(ticks: 45000, timescale: 90000))
        #expect(MediaTime(ticks: 1, timescale: 3) < MediaTime(ticks: 33_334, timescale: 100_000))
        #expect(MediaTime(ticks: .max, timescale: 1) > MediaTime(ticks: .max, timescale: 2))
        #expect(Set([MediaTime(ticks: 1, timescale: 2), MediaTime(ticks: 2, timescale: 4), .seconds(1)]).count == 2)
    }

    @Test("Sums are exact where a common timescale exists")
    func sums() {
        let frame = MediaTime(ticks: 1001, timescale: 30000)
        var sum = MediaTime.zero
        for _ in 0..<30000 { sum += frame }
        #expect(sum == .seconds(1001))
        #expect(
            MediaTime(ticks: 1, timescale: 48000) + MediaTime(ticks: 1, timescale: 90000)
                == MediaTime(ticks: 23, timescale: 720_000))
        #expect(MediaTime.seconds(1) - MediaTime.milliseconds(250) == MediaTime(ticks: 3, timescale: 4))
    }

    @Test("Seconds as decimals")
    func decimals() {
        #expect(MediaTime(ticks: 4004, timescale: 1000).decimalSeconds == "4.004000")
        #expect(MediaTime(ticks: -1, timescale: 3).decimalSeconds == "-0.333333")
        #expect(MediaTime(decimalSeconds: "4.004")?.ticks(at: 1000) == 4004)
        #expect(MediaTime(decimalSeconds: "10") == .seconds(10))
        for bad in ["", ".", "1.", ".5", "-1", "1e5", "1.2.3", "99999999999999999999"] {
            #expect(MediaTime(decimalSeconds: bad) == nil)
        }
    }
}
