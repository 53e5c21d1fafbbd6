import Testing

@testable import Web

@Suite("Names of files that are to be kept")
struct ContentDispositionTests {
    @Test(
        "A name gets into the field whole where it can, and never out of it",
        arguments: [
            ("film.mp4", #"attachment; filename="film.mp4""#),
            ("", #"attachment; filename="video""#), ("..", #"attachment; filename="video""#),
            ("../../etc/passwd", #"attachment; filename="passwd""#), (".profile", #"attachment; filename="profile""#),
            (#"a";x="b\.mp4"#, #"attachment; filename="a__x=_b_.mp4""#),
            ("a\r\nSet-Cookie: b", #"attachment; filename="a__Set-Cookie_ b""#),
            (
                "Фильм 1.mp4",
                #"attachment; filename="_____ 1.mp4"; filename*=UTF-8''%D0%A4%D0%B8%D0%BB%D1%8C%D0%BC%201.mp4"#
            ),
            ("100%.mp4", #"attachment; filename="100_.mp4"; filename*=UTF-8''100%25.mp4"#),
            ("a\u{202E}4pm.exe", #"attachment; filename="a_4pm.exe""#),
        ])
    func names(name: String, field: String) { #expect(ContentDisposition.attachment(named: name) == field) }

    @Test("A long name is as long as file systems take, with its ending")
    func long() {
        let field = ContentDisposition.attachment(named: String(repeating: "я", count: 300) + ".mkv")
        let name = field.split(separator: "'").last ?? ""
        #expect(name.hasSuffix(".mkv") && name.utf8.count == 118 * 6 + 4)
    }
}
