/// Reads the XML of S3's answers (XML 1.0): elements and their text, with the five entities and character references.
/// Attributes, comments and processing instructions are passed over. What a stranger could send costs no more than its
/// bytes and `mostElements`.
struct XMLReader {
    static let mostBytes = 8 << 20
    static let mostElements = 100_000
    static let deepest = 16
    private static let longestName = 100

    private let bytes: [UInt8]
    private var position = 0
    private var elementCount = 0
    /// From the root to the innermost, with the bytes of its text.
    private var open: [(element: XMLElement, text: [UInt8])] = []
    private var root: XMLElement?

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Returns: the root element.
    static func read(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        guard bytes.count <= mostBytes else { throw .tooLarge }
        var reader = XMLReader(bytes)
        _ = reader.skip("\u{FEFF}")
        while reader.position < bytes.count {
            if bytes[reader.position] == UInt8(ascii: "<") { try reader.readMarkup() } else { try reader.readText() }
        }
        guard let root = reader.root else { throw .incomplete }
        return root
    }

    // MARK: Markup

    private mutating func readMarkup() throws(XMLError) {
        if skip("<?") {
            _ = try upTo("?>")
        } else if skip("<!--") {
            _ = try upTo("-->")
        } else if skip("<![CDATA[") {
            let text = try upTo("]]>")
            guard !open.isEmpty else { throw malformed }
            open[open.count - 1].text += text
        } else if skip("<!DOCTYPE") {
            throw .documentType
        } else if skip("</") {
            try readEnd()
        } else {
            position += 1
            try readStart()
        }
    }

    private mutating func readStart() throws(XMLError) {
        guard root == nil else { throw malformed }
        // bound: mostElements
        elementCount += 1
        guard elementCount <= Self.mostElements else { throw .tooLarge }
        guard open.count < Self.deepest else { throw .tooDeep }
        open.append((XMLElement(name: try readName()), []))
        while true {
            let hadSpace = skipSpace()
            if skip(">") { return }
            if skip("/>") { return try close() }
            guard hadSpace else { throw malformed }
            try skipAttribute()
        }
    }

    private mutating func readEnd() throws(XMLError) {
        let name = try readName()
        skipSpace()
        guard skip(">"), open.last?.element.name == name else { throw malformed }
        try close()
    }

    private mutating func close() throws(XMLError) {
        guard let (opened, text) = open.popLast() else { throw malformed }
        // NUL is no character of XML (2.2), neither as it is nor by a reference.
        guard !text.contains(0), let decoded = String(validating: text, as: UTF8.self) else { throw malformed }
        var element = opened
        element.text = decoded
        if open.isEmpty { root = element } else { open[open.count - 1].element.children.append(element) }
    }

    /// Without what stands before a colon.
    private mutating func readName() throws(XMLError) -> String {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard position < bytes.count else { throw .incomplete }
        let name = bytes[start..<position]
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        guard !local.isEmpty, name.count <= Self.longestName,
            let text = String(validating: local, as: UTF8.self)
        else { throw malformed }
        return text
    }

    private mutating func skipAttribute() throws(XMLError) {
        _ = try readName()
        skipSpace()
        guard skip("=") else { throw malformed }
        skipSpace()
        let value = skip("\"") ? try upTo("\"") : skip("'") ? try upTo("'") : nil
        guard let value, !value.contains(UInt8(ascii: "<")) else { throw malformed }
    }

    // MARK: Text

    private mutating func readText() throws(XMLError) {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        guard !open.isEmpty else {
            guard bytes[position..<end].allSatisfy(Self.isSpace) else { throw malformed }
            position = end
            return
        }
        var text: [UInt8] = []
        while position < end {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "&") { text += try readReference() } else { text.append(byte) }
        }
        open[open.count - 1].text += text
    }

    /// What stands for `lt;` or `#x41;`.
    private mutating func readReference() throws(XMLError) -> [UInt8] {
        let window = bytes[position..<min(position + 12, bytes.count)]
        guard let end = window.firstIndex(of: UInt8(ascii: ";")) else { throw malformed }
        let name = String(decoding: bytes[position..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "amp": return [UInt8(ascii: "&")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default:
            let isHex = name.hasPrefix("#x")
            let digits = name.dropFirst(isHex ? 2 : 1)
            guard name.hasPrefix("#"), digits.first?.isHexDigit == true,
                let code = UInt32(digits, radix: isHex ? 16 : 10),
                code != 0, let scalar = Unicode.Scalar(code)
            else { throw malformed }
            return Array(String(Character(scalar)).utf8)
        }
    }

    // MARK: Bytes

    private var malformed: XMLError { position < bytes.count ? .malformed(at: position) : .incomplete }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        return position > start
    }

    /// What stands before `end`, which is passed over.
    private mutating func upTo(_ end: String) throws(XMLError) -> ArraySlice<UInt8> {
        let end = Array(end.utf8)
        let start = position
        while position < bytes.count {
            if bytes[position] == end[0], bytes[position...].starts(with: end) {
                let found = bytes[start..<position]
                position += end.count
                return found
            }
            position += 1
        }
        throw .incomplete
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E, 0x3A, 0x5F, 0x80...0xFF: true
        default: false
        }
    }
}
