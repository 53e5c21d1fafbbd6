import FoundationEssentials
import Testing

@testable import Mail

@Suite("Mails as they are sent")
struct MailMessageTests {
    private static let sender = "Palco <noreply@video.example.org>"
    private static let id = MailID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")

    private func lines(to name: String, subject: String, text: String = "Hello\n") throws -> [String] {
        let sender = try #require(MailAddress(parsing: Self.sender))
        let recipient = try #require(MailAddress("ann@example.org", name: name))
        let message = MailMessage(
            to: recipient, subject: subject, text: text, html: "<p>Hello</p>\n", language: .english)
        let bytes = message.bytes(
            from: sender, id: try #require(Self.id), at: Date(timeIntervalSince1970: 1_800_000_000))
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" || $0 == "\r\n" })
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test("A whole message, byte for byte")
    func whole() throws {
        let boundary = "=_0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
        #expect(
            try lines(to: "Ann", subject: "A subject") == [
                "Date: Fri, 15 Jan 2027 08:00:00 +0000", "From: \"Palco\" <noreply@video.example.org>",
                "To: \"Ann\" <ann@example.org>", "Message-ID: <0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b@video.example.org>",
                "Subject: A subject", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
                "Content-Type: multipart/alternative;", " boundary=\"\(boundary)\"", "", "--\(boundary)",
                "Content-Type: text/plain; charset=utf-8", "Content-Language: en",
                "Content-Transfer-Encoding: quoted-printable", "", "Hello", "", "", "--\(boundary)",
                "Content-Type: text/html; charset=utf-8", "Content-Language: en",
                "Content-Transfer-Encoding: quoted-printable", "", "<p>Hello</p>", "", "", "--\(boundary)--", "",
            ])
    }

    @Test(
        "Whatever a name holds, it ends no line and begins no field",
        arguments: [
            ("Ann\r\nBcc: eve@example.net", "\"Ann  Bcc: eve@example.net\" <ann@example.org>"),
            ("Ann\nSubject: x", "\"Ann Subject: x\" <ann@example.org>"),
            ("Ann\r\n\r\nBody", "\"Ann    Body\" <ann@example.org>"),
            ("Ann\u{2028}Bcc: e@x", "\"Ann Bcc: e@x\" <ann@example.org>"),
            ("a\" <eve@example.net>, \"b", "=?UTF-8?B?YSIgPGV2ZUBleGFtcGxlLm5ldD4sICJi?= <ann@example.org>"),
            ("back\\slash", "=?UTF-8?B?YmFja1xzbGFzaA==?= <ann@example.org>"),
            ("=?UTF-8?Q?x?=", "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <ann@example.org>"),
            ("Анна", "=?UTF-8?B?0JDQvdC90LA=?= <ann@example.org>"), ("", "ann@example.org"),
        ])
    func names(name: String, field: String) throws {
        let lines = try lines(to: name, subject: "S")
        #expect(lines.filter { $0.hasPrefix("To: ") } == ["To: \(field)"])
        #expect(lines.prefix(8).map { String($0.prefix { $0 != ":" }) } == Self.fields)
        #expect(lines.count == 28)
    }

    private static let fields = [
        "Date", "From", "To", "Message-ID", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type",
    ]

    @Test("A long subject in Russian is encoded words of whole letters in lines of fewer than 77 characters")
    func longSubject() throws {
        let subject = "Подтвердите адрес электронной почты, чтобы войти\r\nBcc: eve@example.net"
        let lines = try lines(to: "Ann", subject: subject)
        let start = try #require(lines.firstIndex { $0.hasPrefix("Subject: ") })
        let end = try #require(lines.firstIndex { $0.hasPrefix("Auto-Submitted") })
        let words = lines[start..<end].flatMap { $0.replacing("Subject: ", with: "").split(separator: " ") }
        #expect(words.count == 4)
        #expect(lines.prefix(end).allSatisfy { $0.utf8.count <= 76 && $0.utf8.allSatisfy { $0 < 0x80 } })
        let decoded = try words.map { word in
            #expect(word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?="))
            let bytes = try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
            return try #require(String(validating: bytes, as: UTF8.self))
        }
        #expect(decoded.joined() == "Подтвердите адрес электронной почты, чтобы войти  Bcc: eve@example.net")
    }

    @Test(
        "What could end a command or a field is no address",
        arguments: [
            "ann@example.org\r\nBcc: eve@example.net", "ann@example.org\n", "\rann@example.org", "ann @example.org",
            "ann@example.org>", "<ann@example.org", "ann@example.org, eve@example.net", "ann@b@c", "@example.org",
            "ann@",
            "ann", "", "a\u{0}nn@example.org", "ann@example.org\u{85}", "ann@exam\u{2028}ple.org",
            "a\u{200B}nn@example.org",
            "\"a b\"@example.org", String(repeating: "a", count: 250) + "@example.org",
        ])
    func badAddresses(text: String) {
        #expect(MailAddress(text) == nil)
        #expect(MailAddress(parsing: "Name <\(text)>") == nil)
    }

    @Test("A sender is an address, or a name and an address")
    func senders() {
        #expect(MailAddress(parsing: "a@b.example") == MailAddress("a@b.example"))
        #expect(MailAddress(parsing: "Our  house <a@b.example>") == MailAddress("a@b.example", name: "Our house"))
        #expect(MailAddress(parsing: "\"Our house\" <a@b.example>") == MailAddress("a@b.example", name: "Our house"))
    }

    @Test(
        "Text is quoted so that every server lets it through",
        arguments: [
            ("a=b", "a=3Db\r\n"), ("Ж\n", "=D0=96\r\n\r\n"), ("end \nnext", "end=20\r\nnext\r\n"), ("\t", "=09\r\n"),
            ("cr\r", "cr=0D\r\n"), (".", ".\r\n"),
            (String(repeating: "x", count: 76), String(repeating: "x", count: 75) + "=\r\nx\r\n"),
            (String(repeating: "x", count: 74) + "=", String(repeating: "x", count: 74) + "=\r\n=3D\r\n"),
        ])
    func quoting(text: String, quoted: String) {
        #expect(QuotedPrintable.encode(text) == quoted)
    }
}
