extension Markdown {
    /// What somebody reads of it: without marks, and without the addresses behind the words of links. A line for each block.
    public static func plain(_ text: String) -> String {
        guard mayHaveMarks(text) else { return text }
        var (plain, tag): ([UInt8], [UInt8]?) = ([], nil)
        var rest = Array(html(text).utf8)[...]
        while let byte = rest.popFirst() {
            if let name = tag {
                if byte == UInt8(ascii: ">") {
                    if endsLine(name), !plain.isEmpty, plain.last != 0x0A { plain.append(0x0A) }
                    tag = nil
                } else {
                    tag = name + [byte]
                }
            } else if byte == UInt8(ascii: "<") {
                tag = []
            } else if byte == UInt8(ascii: "&"), let end = rest.prefix(6).firstIndex(of: UInt8(ascii: ";")) {
                plain.append(character(rest[..<end]))
                rest = rest[(end + 1)...]
            } else {
                plain.append(byte)
            }
        }
        while plain.last == 0x0A { plain.removeLast() }
        return String(decoding: plain, as: UTF8.self)
    }

    /// Most texts have none, and nothing is made of them.
    private static func mayHaveMarks(_ text: String) -> Bool {
        var isAtStart = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "["), UInt8(ascii: "#"),
                UInt8(ascii: ">"), UInt8(ascii: "~"), UInt8(ascii: "\\"):
                return true
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                // Of a list, or of a rule.
                if isAtStart { return true }
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): isAtStart = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"): break
            default: isAtStart = false
            }
        }
        return false
    }

    private static func endsLine(_ tag: [UInt8]) -> Bool {
        let name = String(decoding: tag, as: UTF8.self)
        let isBlock = ["/p", "/li", "/blockquote", "/pre", "/h3", "/h4", "/h5", "ul"].contains(name)
        return isBlock || name == "br" || name == "hr" || name.hasPrefix("ol")
    }

    /// That `MarkdownSpans` has escaped.
    private static func character(_ entity: ArraySlice<UInt8>) -> UInt8 {
        switch String(decoding: entity, as: UTF8.self) {
        case "lt": UInt8(ascii: "<")
        case "gt": UInt8(ascii: ">")
        case "quot": UInt8(ascii: "\"")
        case "#39": UInt8(ascii: "'")
        default: UInt8(ascii: "&")
        }
    }
}
