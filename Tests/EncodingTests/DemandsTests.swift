import Testing

@testable import Encoding

@Suite("Who waits is served in turn")
struct DemandsTests {
    private let video = EncodingID()

    private func demand(_ segment: Int) -> Demands.Demand {
        Demands.Demand(video: video, kind: .chunk, chunk: 0, rendition: "720p", segment: segment)
    }

    @Test("A viewer who jumps about does not keep another waiting, and gets what they asked for last")
    func turns() {
        let demands = Demands()
        for segment in 0..<5 { _ = demands.add(demand(segment), by: 1) }
        _ = demands.add(demand(100), by: 2)
        var made: [Int] = []
        var waiting = demands.all
        while let next = waiting.first {
            demands.serve(next)
            made.append(next.segment)
            waiting = demands.all.filter { !made.contains($0.segment) }
        }
        #expect(made == [4, 100, 3, 2, 1, 0])
    }

    @Test("What several viewers wait for is there once, until the last of them has left")
    func sharing() {
        let demands = Demands()
        let (first, second) = (demands.add(demand(7), by: 1), demands.add(demand(7), by: 2))
        #expect(demands.all == [demand(7)])
        demands.countFailure(of: demand(7))
        demands.remove(first)
        #expect(demands.all == [demand(7)])
        #expect(demands.failures(of: demand(7)) == 1)
        demands.remove(second)
        #expect(demands.all.isEmpty)
        #expect(demands.failures(of: demand(7)) == 0)
    }

    @Test("One viewer's waits are bounded: the oldest makes room")
    func bound() {
        let demands = Demands()
        let tickets = (0..<Demands.mostForOne + 3).map { demands.add(demand($0), by: 1) }
        #expect(tickets.map(demands.isWaiting) == (0..<tickets.count).map { $0 >= 3 })
        #expect(demands.all.count == Demands.mostForOne)
        for ticket in tickets { demands.remove(ticket) }
        #expect(demands.all.isEmpty)
    }
}
