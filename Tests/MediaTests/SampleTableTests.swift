import Testing

@testable import Media

@Suite("Sample tables")
struct SampleTableTests {
    static func randomFrames(_ count: Int, seed: UInt64, sizes: ClosedRange<UInt32> = 0...15) -> [SyntheticMovie.Frame]
    {
        var random = SeededGenerator(state: seed)
        return (0..<count).map { index in
            .init(
                duration: UInt32.random(in: 1...3, using: &random), offset: Int32.random(in: -2...2, using: &random),
                size: UInt32.random(in: sizes, using: &random),
                isSync: index == 0 || Int.random(in: 0..<7, using: &random) == 0)
        }
    }

    static let shapes: [SyntheticMovie] = [
        SyntheticMovie(frames: randomFrames(1, seed: 1)),
        SyntheticMovie(frames: randomFrames(23, seed: 2)),
        SyntheticMovie(frames: randomFrames(25, seed: 3), framesPerChunk: 1),
        SyntheticMovie(frames: randomFrames(5000, seed: 4, sizes: 0...100_000), framesPerChunk: 5000),
        SyntheticMovie(frames: randomFrames(3001, seed: 5), framesPerChunk: 700, usesLongOffsets: true),
        SyntheticMovie(frames: randomFrames(31, seed: 6), compactSizeBits: 4),
        SyntheticMovie(frames: randomFrames(31, seed: 7), compactSizeBits: 8),
        SyntheticMovie(frames: randomFrames(31, seed: 8), compactSizeBits: 16),
        SyntheticMovie(
            frames: randomFrames(50, seed: 9).map { .init(duration: 40, size: 9, isSync: $0.isSync) },
            constantSize: 9),
    ]

    @Test("Iteration and seeks give what the tables say", arguments: shapes.indices)
    func iteration(shape: Int) throws {
        let movie = Self.shapes[shape]
        let table = try #require(try TestMedia.movie(movie.bytesWithoutMedia()).tracks.first).samples
        let expected = movie.expectedSamples()
        let isSame = table.elementsEqual(expected)
        #expect(isSame)
        #expect(table.count == expected.count)
        #expect(table.byteCount == expected.reduce(0) { $0 + $1.byteCount })
        #expect(table.endOffset == expected.map(\.byteRange.upperBound).max())
        #expect(table.duration == expected.reduce(0) { $0 + Int64($1.duration) })
        var random = SeededGenerator(state: UInt64(shape))
        for _ in 0..<40 {
            let first = Int.random(in: 0..<expected.count, using: &random)
            let last = Int.random(in: first...expected.count, using: &random)
            let isSame = table.samples(first..<last).elementsEqual(expected[first..<last])
            #expect(isSame, "\(first)..<\(last)")
            #expect(table[first] == expected[first])
        }
        #expect(table[-1] == nil)
        #expect(table[expected.count] == nil)
    }

    @Test("Runs that promise too few samples are malformed")
    func shortRuns() throws {
        var builder = SampleTableBuilder(limit: 100)
        try builder.setSizes(.constant(1), count: 3)
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: 3)], positions: [0])
        try builder.appendDurations(count: 2, delta: 1)
        #expect(throws: MovieError.malformed("stts")) { try builder.build() }
        try builder.appendDurations(count: 1, delta: 1)
        #expect(try builder.build().count == 3)
        builder = SampleTableBuilder(limit: 100)
        try builder.setSizes(.constant(1), count: 4)
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: 3)], positions: [0])
        try builder.appendDurations(count: 4, delta: 1)
        #expect(throws: MovieError.malformed("stsc")) { try builder.build() }
    }

    @Test("No table grows past the limit")
    func limits() {
        var builder = SampleTableBuilder(limit: 10)
        #expect(throws: MovieError.limitExceeded(.samples)) { try builder.setSizes(.constant(1), count: 11) }
        #expect(throws: MovieError.limitExceeded(.samples)) { try builder.appendDurations(count: 11, delta: 1) }
        #expect(throws: MovieError.limitExceeded(.samples)) { try builder.appendOffsets(count: 11, offset: 1) }
        #expect(throws: MovieError.limitExceeded(.samples)) {
            try builder.setChunks([(firstChunk: 0, samplesPerChunk: .max)], positions: [0, 1])
        }
    }

    @Test("A sample whose bytes would lie behind the end of all files is malformed")
    func positions() throws {
        var builder = SampleTableBuilder(limit: 10)
        try builder.setSizes(.constant(.max), count: 1)
        try builder.setChunks([(firstChunk: 0, samplesPerChunk: 1)], positions: [.max - 5])
        try builder.appendDurations(count: 1, delta: 1)
        #expect(throws: MovieError.malformed("stsz")) { try builder.build() }
    }

    @Test("A gap between fragments lengthens the sample before it; time never runs backwards")
    func fragmentTimes() throws {
        let sample = FragmentSample(duration: 10, byteCount: 1, compositionOffset: 0, isSync: true)
        var builder = SampleTableBuilder(limit: 100)
        try builder.appendRun([sample, sample], at: 0, decodeTime: 100)
        try builder.appendRun([sample], at: 50, decodeTime: 150)
        try builder.appendRun([sample], at: 60, decodeTime: 120)
        let samples = Array(try builder.build())
        #expect(samples.map(\.decodeTime) == [100, 110, 150, 160])
        #expect(samples.map(\.duration) == [10, 40, 10, 10])
        #expect(samples.map(\.byteOffset) == [0, 1, 50, 60])
    }
}
