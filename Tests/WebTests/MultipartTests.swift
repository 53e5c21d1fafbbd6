import HTTP
import Testing

@testable import Web

@Suite("Multipart forms")
struct MultipartTests {
    static let form = """
        preamble\r\n--XX\r\nContent-Disposition: form-data; name="title"\r\n\r\nA film\r\n\
        --XX  \r\nContent-Disposition: form-data; name="file"; filename="a \\"b\\" %22c.mp4"\r\n\
        Content-Type: video/mp4\r\n\r\nbytes\r\n--X\r\n-\r\n--XXY\r\n\r\n\
        --XX\r\ncontent-disposition: form-data; name=empty\r\n\r\n\r\n--XX--\r\nepilogue
        """

    struct PartText: Equatable {
        var name: String
        var filename: String?
        var data: String
    }

    static func parse(_ pieces: [[UInt8]], boundary: String = "XX") async throws -> [PartText] {
        let request = Request(
            method: .post, target: "/", headers: [.contentType: "multipart/form-data; boundary=\(boundary)"],
            body: RequestBody(pieces: pieces))
        let form = try Multipart(request)
        var parts: [PartText] = []
        while let part = try await form.nextPart() {
            parts.append(PartText(name: part.name, filename: part.filename, data: try await part.text()))
        }
        return parts
    }

    static let expected = [
        PartText(name: "title", filename: nil, data: "A film"),
        PartText(name: "file", filename: "a \"b\" \"c.mp4", data: "bytes\r\n--X\r\n-"),
    ]

    @Test("a form is the same whole, byte by byte and cut at every offset")
    func dripFeed() async throws {
        let text = Self.form.replacing("\r\n--XXY\r\n", with: "")
        let bytes = Array(text.utf8)
        let expected = Self.expected + [PartText(name: "empty", filename: nil, data: "")]
        #expect(try await Self.parse([bytes]) == expected)
        #expect(try await Self.parse(bytes.map { [$0] }) == expected)
        for cut in 1..<bytes.count {
            #expect(try await Self.parse([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
    }

    @Test("a part that nobody reads is skipped")
    func skipping() async throws {
        let text = Self.form.replacing("\r\n--XXY\r\n", with: "")
        let request = Request(
            target: "/", headers: [.contentType: "multipart/form-data; boundary=\"XX\""], body: RequestBody(text))
        let form = try Multipart(request)
        var names: [String] = []
        while let part = try await form.nextPart() { names.append(part.name) }
        #expect(names == ["title", "file", "empty"])
    }

    @Test(
        "a broken form is an error",
        arguments: [
            "", "--XX", "--XX\r\n", "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nunfinished",
            "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--", "--XX\r\n\r\nx\r\n--XX--", "--XX-\r\n",
            "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--", "--XX\r\nnonsense\r\n\r\nx\r\n--XX--",
            "--XXnot a boundary\r\n", form,
            "--XX\r\nX: " + String(repeating: "a", count: 9000) + "\r\n\r\nx\r\n--XX--",
            String(repeating: "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n", count: 65) + "--XX--",
            "--XX\r\nContent-Disposition: form-data; name=" + String(repeating: "n", count: 129)
                + "\r\n\r\nx\r\n--XX--",
        ])
    func broken(text: String) async {
        let bytes = Array(text.utf8)
        await #expect(throws: MultipartError.self) { try await Self.parse([bytes]) }
        await #expect(throws: MultipartError.self) { try await Self.parse(bytes.map { [$0] }) }
    }

    /// A form in pieces of 16 KiB, with this much at one place of it.
    static func padded(_ before: String, _ byteCount: Int, _ after: String) -> [[UInt8]] {
        let padding = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 10)
        let whole = Array(repeating: padding, count: byteCount / padding.count)
        return [Array(before.utf8)] + whole + [Array(padding.prefix(byteCount % padding.count)), Array(after.utf8)]
    }

    @Test("what nobody reads has an end: before the form, behind it, and in a part that is skipped")
    func skippedHasAnEnd() async throws {
        let head = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n"
        let places = [("", "\r\n\(head)x\r\n--XX--"), (head, "\r\n--XX--"), ("\(head)x\r\n--XX--", "")]
        for (before, after) in places {
            for (byteCount, isTaken) in [(64 << 10, true), (64 << 10 | 1, false)] {
                let request = Request(
                    target: "/", headers: [.contentType: "multipart/form-data; boundary=XX"],
                    body: RequestBody(pieces: Self.padded(before, byteCount, after)))
                let form = try Multipart(request)
                let outcome: Result<Int, any Error>
                do {
                    var count = 0
                    while try await form.nextPart() != nil { count += 1 }
                    outcome = .success(count)
                } catch { outcome = .failure(error) }
                #expect(
                    (try? outcome.get()) == (isTaken ? 1 : nil), "\(byteCount) bytes between \(before) and \(after)")
            }
        }
    }

    @Test("a field cannot be larger than its reader takes")
    func fieldLimit() async throws {
        let text = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n0123456789\r\n--XX--"
        let request = Request(
            target: "/", headers: [.contentType: "multipart/form-data; boundary=XX"], body: RequestBody(text))
        let part = try #require(try await Multipart(request).nextPart())
        await #expect(throws: MultipartError.fieldTooLarge(name: "a", limit: 9)) { try await part.text(upTo: 9) }
    }

    @Test(
        "what is no multipart form is refused",
        arguments: ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=a"])
    func noForm(type: String) {
        let request = Request(target: "/", headers: [.contentType: type])
        #expect(throws: MultipartError.noBoundary) { _ = try Multipart(request) }
    }

    @Test("a name in the extended form wins")
    func extendedFilename() throws {
        let block =
            "Content-Disposition: form-data; name=\"f\"; filename=\"x\"; filename*=UTF-8''%D0%BA%D0%B8%D0%BD%D0%BE.mp4"
        #expect(try PartHead(parsing: Array(block.utf8)[...]).filename == "кино.mp4")
    }
}
