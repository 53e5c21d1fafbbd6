import Testing

@testable import HTTP

@Suite("Header fields")
struct HeaderFieldsTests {
    @Test("names are found whatever their case")
    func caseInsensitive() {
        let fields: HeaderFields = ["Content-Type": "text/plain", "x-one": "1"]
        #expect(fields["CONTENT-type"] == "text/plain")
        #expect(fields["X-One"] == "1")
        #expect(fields["X-On"] == nil)
    }

    @Test("several fields of one name are joined, cookies by semicolons")
    func joining() {
        var fields = HeaderFields()
        fields.append("Accept", "a")
        fields.append("accept", "b")
        fields.append("Cookie", "x=1")
        fields.append("Cookie", "y=2")
        #expect(fields["Accept"] == "a, b")
        #expect(fields[.cookie] == "x=1; y=2")
        #expect(fields.values(of: .accept) == ["a", "b"])
    }

    @Test("setting replaces, nil removes, the rest stays in order")
    func replacing() {
        var fields: HeaderFields = ["A": "1", "B": "2", "a": "3", "C": "4"]
        fields["A"] = nil
        fields["C"] = "5"
        #expect(fields.description == "B: 2\r\nC: 5\r\n")
    }

    @Test("a value cannot begin another line")
    func injection() {
        var fields = HeaderFields()
        fields.append("Location", "/a\r\nSet-Cookie: b=1\u{0}")
        #expect(fields.count == 1)
        #expect(fields.description == "Location: /a  Set-Cookie: b=1 \r\n")
    }

    @Test("a field of another block keeps its ranges")
    func appendingBlock() {
        var fields: HeaderFields = ["A": "1"]
        fields.append(contentsOf: ["Bee": "two", "C": ""])
        #expect(fields.map(\.name) == ["A", "Bee", "C"])
        #expect(fields["bee"] == "two")
        #expect(fields["C"] == "")
    }
}
