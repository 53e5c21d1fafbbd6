import FoundationEssentials
import HTTP
import Identifiers

public typealias MailID = Identifier<MailMessage>

/// A mail of the house to one person: the same words as text and as a page (RFC 5322, RFC 2046 5.1.4).
public struct MailMessage: Sendable, Equatable {
    public var recipient: MailAddress
    public var subject: String
    /// With `\n` at the ends of its lines.
    public var text: String
    public var html: String
    /// Of its words (BCP 47).
    public var language: Language

    /// The languages that mails are written in.
    public enum Language: String, Sendable, CaseIterable {
        case english = "en"
        case spanish = "es"
        case russian = "ru"
    }

    public init(to recipient: MailAddress, subject: String, text: String, html: String, language: Language) {
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.html = html
        self.language = language
    }

    /// As it is sent.
    func bytes(from sender: MailAddress, id: MailID, at date: Date) -> [UInt8] {
        let time = HTTPDate(secondsSince1970: Int(clamping: Int64(date.timeIntervalSince1970))).description
        let boundary = "=_\(id)"
        let fields: [(String, HeaderValue)] = [
            ("Date", .text(time.replacing("GMT", with: "+0000"))), ("From", .mailbox(sender)),
            ("To", .mailbox(recipient)),
            ("Message-ID", .messageID(id, at: sender.domain)), ("Subject", .text(subject)),
            // RFC 3834 5: nobody's absence answers it.
            ("Auto-Submitted", .constant("auto-generated")), ("MIME-Version", .constant("1.0")),
        ]
        var lines = fields.map { "\($0): \($1.text)" }
        // An equals sign before an underline is never in what is quoted-printable.
        lines += ["Content-Type: multipart/alternative;", " boundary=\"\(boundary)\"", ""]
        lines += ["--\(boundary)", part("plain", text), "--\(boundary)", part("html", html), "--\(boundary)--", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private func part(_ type: StaticString, _ text: String) -> String {
        [
            "Content-Type: text/\(type); charset=utf-8", "Content-Language: \(language.rawValue)",
            "Content-Transfer-Encoding: quoted-printable", "", QuotedPrintable.encode(text),
        ].joined(separator: "\r\n")
    }
}
