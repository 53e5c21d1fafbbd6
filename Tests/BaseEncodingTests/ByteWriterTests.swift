import BaseEncoding
import Testing

@Suite("Bytes written piece by piece")
struct ByteWriterTests {
    @Test("Pieces stand one behind the other, behind what was there")
    func pieces() {
        var bytes = Array("<".utf8)
        bytes.append(upTo: 40) { writer in
            writer.write("a: ")
            writer.write(text: "déjà")
            writer.write(UInt8(ascii: "/"))
            writer.write([1, 2])
            writer.write(count: 2) {
                $0[0] = 3
                $0[1] = 4
            }
            #expect(writer.count == 14)
        }
        bytes.append(upTo: 0) { _ in }
        bytes.append(upTo: 9) { $0.write("") }
        #expect(bytes == Array("<a: déjà/".utf8) + [1, 2, 3, 4])
    }

    @Test(
        "Numbers are decimal",
        arguments: [(0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (65_536, "65536"), (.max, "\(Int.max)")])
    func numbers(number: Int, text: String) {
        var bytes: [UInt8] = []
        bytes.append(upTo: 19) { $0.write(decimal: number) }
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test("With digits given, zeros stand in front and what does not fit is left out")
    func digits() {
        var bytes: [UInt8] = []
        bytes.append(upTo: 7) { writer in
            writer.write(decimal: 7, digits: 3)
            writer.write(decimal: 12_345, digits: 4)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == "0072345")
    }

    @Test("More than there is room for ends the process and does not write elsewhere")
    func tooMuch() async {
        await #expect(processExitsWith: .failure) {
            var bytes: [UInt8] = []
            bytes.append(upTo: 3) { $0.write("four") }
        }
    }
}
