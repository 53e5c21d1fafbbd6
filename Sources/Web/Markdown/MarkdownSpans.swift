/// What stands within a paragraph, a heading or an item: emphasis, code, links, and the ends of lines. It takes time in proportion to the
/// text, whatever stands there.
struct MarkdownSpans {
    private let text: [UInt8]
    private let mayLink: Bool
    private var position = 0
    private var pieces: [[UInt8]] = []
    /// Marks that wait for their counterpart, as places in `pieces`. Bound: `mostOpen`; a further one is text.
    private var open: [(mark: [UInt8], piece: Int)] = []

    private static let mostOpen = 16
    /// The longest text and address of a link, in bytes.
    private static let longestLink = 2000

    static func html(_ text: some StringProtocol) -> String {
        var spans = MarkdownSpans(Array(text.utf8), mayLink: true)
        return String(decoding: spans.rendered(), as: UTF8.self)
    }

    static func escaped(_ text: some StringProtocol) -> String {
        String(decoding: text.utf8.flatMap { escape($0) }, as: UTF8.self)
    }

    private init(_ text: [UInt8], mayLink: Bool) {
        self.text = text
        self.mayLink = mayLink
    }

    private mutating func rendered() -> [UInt8] {
        while position < text.count { takeOne() }
        return Array(pieces.joined())
    }

    private mutating func takeOne() {
        let byte = text[position]
        switch byte {
        case UInt8(ascii: "\\") where isPunctuation(at: position + 1):
            pieces.append(Self.escape(text[position + 1]))
            position += 2
        case UInt8(ascii: "\n"):
            pieces.append(Array("<br>".utf8))
            position += 1
        case UInt8(ascii: "`"): takeCode()
        case UInt8(ascii: "*"), UInt8(ascii: "_"): takeMark(byte)
        case UInt8(ascii: "[") where mayLink: takeLink()
        case UInt8(ascii: "h") where mayLink && beginsWord: takeAddress()
        default: takeText(1)
        }
    }

    private mutating func takeText(_ count: Int) {
        for byte in text[position..<position + count] { pieces.append(Self.escape(byte)) }
        position += count
    }

    /// CommonMark 6.1: as many backticks as it began with end it.
    private mutating func takeCode() {
        let count = text[position...].prefix { $0 == UInt8(ascii: "`") }.count
        var end = position + count
        // A span that ends too far away is text, so that many that do not end cost no more than they are long.
        let last = min(text.count, position + Self.longestLink)
        while end < last {
            guard text[end] == UInt8(ascii: "`") else {
                end += 1
                continue
            }
            let run = text[end...].prefix { $0 == UInt8(ascii: "`") }.count
            if run == count {
                let code = text[position + count..<end].flatMap { $0 == UInt8(ascii: "\n") ? [0x20] : Self.escape($0) }
                pieces.append(Array("<code>".utf8) + code + Array("</code>".utf8))
                position = end + run
                return
            }
            end += run
        }
        takeText(count)
    }

    /// CommonMark 6.2, without its rule of three: a mark opens before a word and closes behind one.
    private mutating func takeMark(_ byte: UInt8) {
        let run = text[position...].prefix { $0 == byte }.count
        // Marks within a word, as in a_name_with_lines, are text.
        let isUnderscore = byte == UInt8(ascii: "_")
        let closes = position > 0 && !isSpace(at: position - 1)
        let opens = position + run < text.count && !isSpace(at: position + run)
        let mayClose = closes && !(isUnderscore && isWord(at: position + run))
        let mayOpen = opens && !(isUnderscore && position > 0 && isWord(at: position - 1))
        var left = run
        while left > 0 {
            var width = left >= 2 ? 2 : 1
            if mayClose, let at = open.lastIndex(where: { $0.mark.first == byte && $0.mark.count <= left }) {
                width = open[at].mark.count
                let tag = width == 2 ? "strong" : "em"
                pieces[open[at].piece] = Array("<\(tag)>".utf8)
                pieces.append(Array("</\(tag)>".utf8))
                // Marks between the two have no counterpart: they stay text.
                open.removeSubrange(at...)
            } else {
                let mark = [UInt8](repeating: byte, count: width)
                if mayOpen, open.count < Self.mostOpen { open.append((mark, pieces.count)) }
                pieces.append(mark)
            }
            left -= width
        }
        position += run
    }

    /// CommonMark 6.3, inline links without titles.
    private mutating func takeLink() {
        let last = min(text.count, position + Self.longestLink)
        guard let close = text[position..<last].firstIndex(of: UInt8(ascii: "]")), close + 1 < last,
            text[close + 1] == UInt8(ascii: "("),
            let end = text[(close + 2)..<last].firstIndex(of: UInt8(ascii: ")")),
            let address = Self.safe(text[(close + 2)..<end])
        else { return takeText(1) }
        var inner = MarkdownSpans(Array(text[(position + 1)..<close]), mayLink: false)
        append(link: address, inner.rendered())
        position = end + 1
    }

    /// An address of the web that stands in the text as it is.
    private mutating func takeAddress() {
        let rest = text[position...]
        guard rest.starts(with: Array("https://".utf8)) || rest.starts(with: Array("http://".utf8)) else {
            return takeText(1)
        }
        var address = rest.prefix(Self.longestLink).prefix { byte in
            byte > 0x20 && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "\"")
        }
        // What ends a sentence does not belong to it.
        while let end = address.last, Array(".,;:!?)'*_]".utf8).contains(end) { address.removeLast() }
        guard let safe = Self.safe(address) else { return takeText(1) }
        append(link: safe, address.flatMap { Self.escape($0) })
        position = address.endIndex
    }

    private mutating func append(link address: [UInt8], _ content: [UInt8]) {
        let start = Array("<a href=\"".utf8) + address.flatMap { Self.escape($0) }
        pieces.append(start + Array("\" rel=\"nofollow noopener noreferrer\">".utf8) + content + Array("</a>".utf8))
    }

    /// An address that a browser may be sent to: of the web, of mail, or a path of this server. Nil for all others, for one with spaces or
    /// controls in it, and for `//`, which is another server.
    private static func safe(_ address: ArraySlice<UInt8>) -> [UInt8]? {
        guard !address.isEmpty, address.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            return nil
        }
        let small = address.prefix(8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let isKnown = ["https://", "http://", "mailto:"].contains { small.starts(with: $0.utf8) }
        let isPath = address.first == UInt8(ascii: "/") && address.dropFirst().first != UInt8(ascii: "/")
        return isKnown || isPath ? Array(address) : nil
    }

    private var beginsWord: Bool { position == 0 || !isWord(at: position - 1) }

    private func isSpace(at index: Int) -> Bool {
        index >= text.count || text[index] == 0x20 || text[index] == 0x0A || text[index] == 0x09
    }

    /// A letter or digit; every letter that is not of ASCII counts as one.
    private func isWord(at index: Int) -> Bool {
        guard index < text.count else { return false }
        switch text[index] {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: return true
        default: return false
        }
    }

    private func isPunctuation(at index: Int) -> Bool {
        guard index < text.count else { return false }
        return text[index] > 0x20 && text[index] < 0x7F && !isWord(at: index)
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "<"): Array("&lt;".utf8)
        case UInt8(ascii: ">"): Array("&gt;".utf8)
        case UInt8(ascii: "&"): Array("&amp;".utf8)
        case UInt8(ascii: "\""): Array("&quot;".utf8)
        case UInt8(ascii: "'"): Array("&#39;".utf8)
        default: [byte]
        }
    }
}
