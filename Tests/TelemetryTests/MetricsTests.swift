import Testing

@testable import Telemetry

@Suite("Numbers for Prometheus")
struct MetricsTests {
    @Test(
        "A duration counts below each bound that it does not exceed",
        arguments: [(0, 0), (500_000, 0), (500_001, 1), (1_000_000, 1), (30_000_000_000, 14), (30_000_000_001, 15)])
    func bounds(nanoseconds: Int64, place: Int) {
        var histogram = Histogram()
        histogram.record(nanoseconds: nanoseconds)
        let counts = histogram.cumulative.map(\.count)
        #expect(counts.prefix(place).allSatisfy { $0 == 0 })
        #expect(counts.dropFirst(place).allSatisfy { $0 == 1 })
        #expect(counts.count == 16 && histogram.count == 1)
    }

    @Test("Sums of histograms have what both have; a clock that went back counts as no time")
    func sums() {
        var (left, right) = (Histogram(), Histogram())
        left.record(nanoseconds: 1)
        right.record(nanoseconds: 2_000_000_000)
        right.record(nanoseconds: -5)
        left += right
        #expect(left.count == 3 && left.nanoseconds == 2_000_000_001)
    }

    @Test("Families with help and type, labels escaped, bounds of histograms rising to all")
    func text() {
        var text = MetricsText()
        text.family("a_total", .counter, "Of all.")
        text.sample(3, ["name": "a\\b\"c\nd", "other": "é"])
        text.sample(0.5)
        #expect(
            text.text == """
                # HELP a_total Of all.
                # TYPE a_total counter
                a_total{name="a\\\\b\\"c\\nd",other="é"} 3
                a_total 0.5

                """)
        var histogram = Histogram()
        histogram.record(nanoseconds: 3_000_000)
        text = MetricsText()
        text.family("b_seconds", .histogram, "Times.")
        text.sample(histogram, ["x": "y"])
        let lines = text.text.split(separator: "\n")
        #expect(lines.contains(#"b_seconds_bucket{x="y",le="0.0025"} 0"#))
        #expect(lines.contains(#"b_seconds_bucket{x="y",le="0.005"} 1"#))
        #expect(
            lines.suffix(3).map(String.init) == [
                #"b_seconds_bucket{x="y",le="+Inf"} 1"#, #"b_seconds_sum{x="y"} 0.003"#, #"b_seconds_count{x="y"} 1"#,
            ])
    }
}
