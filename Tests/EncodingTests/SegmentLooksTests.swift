import Reactor
import SQL
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("When one who waits for a segment looks for it")
struct SegmentLooksTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    @Test("Where a look is a request: at a change of this video, and a little later in any case")
    func far() {
        var looks = SegmentLooks(isFar: true)
        let asked = [(7, 0), (7, 999), (8, 999), (8, 1_500), (8, 2_000)]
        let answers = asked.map { looks.isDue(changes: $0, at: start + .milliseconds($1)) }
        #expect(answers == [true, false, true, false, true])
        #expect(looks.patience(left: .seconds(20)) == SegmentLooks.longest)
        #expect(looks.patience(left: .milliseconds(20)) == .milliseconds(20))
    }

    @Test("Where it costs nothing: whenever something happens")
    func near() {
        var looks = SegmentLooks(isFar: false)
        let answers = (0..<3).map { _ in looks.isDue(changes: 7, at: start) }
        #expect(answers == [true, true, true])
        #expect(looks.patience(left: .seconds(20)) == .seconds(20))
    }

    @Test("Changes are counted by video; wishes of viewers are none, and after a silence everything may have changed")
    func counted() async throws {
        let signals = EncodingSignals()
        let (one, other) = (EncodingID(high: 1, low: 1), EncodingID(high: 1, low: 2))
        func counts() -> [Int] { [signals.changeCount(of: one), signals.changeCount(of: other)] }
        let database = try await Database.open(try TestDatabase.fresh(), migrations: [])
        try await database.write { try signals.tell(.measured, of: one, in: $0) }
        #expect(counts() == [1, 0])
        try await database.write { transaction in
            for change in [EncodingSignals.Change.demanded, .waiting] {
                try signals.tell(change, of: one, in: transaction)
            }
        }
        #expect(counts() == [1, 0])
        signals.heard(Announcement(EncodingQueue.topic, "changed \(other)"))
        #expect(counts() == [1, 1])
        signals.heard(nil)
        #expect(counts() == [2, 2])
        await database.close()
    }
}
