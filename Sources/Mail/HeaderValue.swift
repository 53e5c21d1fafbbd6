import BaseEncoding

/// The value of a header field as it is sent: lines of fewer than 77 characters. It is made by encoding only, so whatever a value holds, a
/// header has the fields that were written and no others.
struct HeaderValue: Sendable, Equatable {
    let text: String

    /// Bytes of an encoded word's text: with `=?UTF-8?B?` and the longest name of a field it still fits into a line (RFC 2047 2).
    private static let wordByteCount = 36
    private static let longestPlain = 60

    /// Text as it is shown, such as a subject.
    static func text(_ text: String) -> HeaderValue { HeaderValue(text: phrase(text)) }

    static func mailbox(_ mailbox: MailAddress) -> HeaderValue {
        if mailbox.name.isEmpty { return HeaderValue(text: mailbox.address) }
        let shown = oneLine(mailbox.name)
        let name = quoted(shown) ?? encodedWords(shown)
        let isShort = name.utf8.count + mailbox.address.utf8.count <= longestPlain
        return HeaderValue(text: "\(name)\(isShort ? "" : "\r\n") <\(mailbox.address)>")
    }

    /// For what this module has made itself.
    static func constant(_ text: StaticString) -> HeaderValue { HeaderValue(text: text.description) }

    static func messageID(_ id: MailID, at domain: Substring) -> HeaderValue { HeaderValue(text: "<\(id)@\(domain)>") }

    private init(text: String) { self.text = text }

    /// As it is where it is short and plain, in encoded words where it is not.
    private static func phrase(_ text: String) -> String {
        let shown = oneLine(text)
        let isPlain =
            shown.utf8.count <= longestPlain && shown.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            && !shown.contains("=?") && shown.first != " " && shown.last != " "
        return isPlain ? shown : encodedWords(shown)
    }

    /// A name between quotation marks (RFC 5322 3.2.4); nil where it is too long, or not plain.
    private static func quoted(_ name: String) -> String? {
        let isPlain =
            name.utf8.count <= longestPlain
            && name.utf8.allSatisfy {
                (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
        return isPlain && !name.contains("=?") ? "\"\(name)\"" : nil
    }

    /// RFC 2047. No letter is cut in two.
    private static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let letter = Array(String(scalar).utf8)
            if bytes.count + letter.count > wordByteCount {
                words.append(encodedWord(bytes))  // bound: by the text, which is in memory
                bytes = []
            }
            bytes += letter
        }
        if !bytes.isEmpty { words.append(encodedWord(bytes)) }
        return words.joined(separator: "\r\n ")
    }

    private static func encodedWord(_ bytes: [UInt8]) -> String { "=?UTF-8?B?\(Base64.standard.encode(bytes))?=" }

    /// A reader's program might obey what it finds inside an encoded word.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    let category = $0.properties.generalCategory
                    return category == .control || category == .lineSeparator || category == .paragraphSeparator
                        ? " " : $0
                }))
    }
}
