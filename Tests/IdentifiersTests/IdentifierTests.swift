import FoundationEssentials
import Testing

@testable import Identifiers

@Suite("Ids")
struct IdentifierTests {
    enum Thing {}
    typealias ID = Identifier<Thing>

    @Test("An id is a UUIDv7 in lower case and reads back")
    func form() throws {
        let id = ID()
        let text = Array(id.description)
        #expect(text.count == 36 && text[14] == "7" && "89ab".contains(text[19]))
        #expect(id.description == id.description.lowercased())
        #expect(ID(id.description) == id)
        #expect(ID(id.description.uppercased()) == id)
        #expect(UUID(uuidString: id.description)?.uuidString.lowercased() == id.description)
    }

    @Test("The example of RFC 9562 A.6 has its time in front")
    func vector() {
        let bits = IdentifierClock().next(milliseconds: 0x017F_22E2_79B0, random: 0x18C4_DC0C_0C07_398F, start: 0xCC3)
        #expect(ID(high: bits.high, low: bits.low).description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test("Ids grow, also within a millisecond and when the clock steps back")
    func order() {
        let ids = (0..<10_000).map { _ in ID() }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count)
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        let clock = IdentifierClock()
        let first = clock.next(milliseconds: 1_000, random: 0, start: 0xFFF)
        let second = clock.next(milliseconds: 1_000, random: 0, start: 0)
        let third = clock.next(milliseconds: 500, random: 0, start: 0)
        #expect(first.high < second.high && second.high < third.high)
        #expect(third.high & 0xF000 == 0x7000)
    }

    @Test(
        "What is no UUID is no id",
        arguments: [
            "", "017f22e2", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f ",
            "017f22e2_79b0_7cc3_98c4_dc0c0c07398f", "../../../../../../../../../etc/passwd",
        ])
    func refused(text: String) {
        #expect(ID(text) == nil)
    }

    @Test("In JSON an id is a string")
    func json() throws {
        let id = ID()
        let data = try JSONEncoder().encode([id])
        #expect(String(decoding: data, as: UTF8.self) == "[\"\(id)\"]")
        #expect(try JSONDecoder().decode([ID].self, from: data) == [id])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([ID].self, from: Data("[\"x\"]".utf8)) }
    }
}
