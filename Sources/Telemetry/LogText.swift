import BaseEncoding

/// Longest string that a line takes over, in bytes; the rest is cut and marked.
private let maximumTextLength = 4_096

enum JSONText {
    static func append(_ text: String, to line: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &line) }
    }

    static func append(_ text: UnsafeBufferPointer<UInt8>, to line: inout [UInt8]) {
        // Nearly every text needs nothing done to it and goes over as one piece.
        if isPlain(text) { return line.append(upTo: text.count + 2) { write(plain: text, to: &$0) } }
        line.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    static func write(plain text: UnsafeBufferPointer<UInt8>, to line: inout ByteWriter) {
        line.write(UInt8(ascii: "\""))
        line.write(text)
        line.write(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, to line: inout [UInt8]) {
        for byte in text.prefix(maximumTextLength) {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                line.append(UInt8(ascii: "\\"))
                line.append(byte)
            case UInt8(ascii: "\n"): line += #"\n"#.utf8
            case UInt8(ascii: "\r"): line += #"\r"#.utf8
            case UInt8(ascii: "\t"): line += #"\t"#.utf8
            case 0..<0x20, 0x7F: appendEscape(byte, prefix: #"\u00"#, to: &line)
            default: line.append(byte)
            }
        }
        if text.count > maximumTextLength {
            dropCutCharacter(of: &line)
            line += "…".utf8
        }
    }

    /// Nothing of it has to be escaped, and it is not too long. Without branches and checks inside, so that the compiler looks
    /// at many bytes at once.
    private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress, bytes.count <= maximumTextLength else { return bytes.isEmpty }
        var special: UInt8 = 0
        var place = 0
        while place < bytes.count {
            let byte = base[place]
            special |= (byte < 0x20 ? 1 : 0) | (byte == 0x7F ? 1 : 0)
            special |= (byte == UInt8(ascii: "\"") ? 1 : 0) | (byte == UInt8(ascii: "\\") ? 1 : 0)
            place &+= 1
        }
        return special == 0
    }
}

/// Text for a terminal: control characters are shown, never obeyed.
enum ReadableText {
    static func append(_ text: String, quoted: Bool, to line: inout [UInt8]) {
        let needsQuotes = quoted && (text.isEmpty || text.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") })
        if needsQuotes { line.append(UInt8(ascii: "\"")) }
        for scalar in text.unicodeScalars.prefix(maximumTextLength) {
            switch scalar.value {
            case 0x0A: line += #"\n"#.utf8
            case 0x22 where needsQuotes: line += #"\""#.utf8
            case 0..<0x20, 0x7F, 0x80..<0xA0:
                appendEscape(UInt8(truncatingIfNeeded: scalar.value), prefix: #"\x"#, to: &line)
            default: line += UTF8.encode(scalar).map(Array.init) ?? []
            }
        }
        if text.unicodeScalars.count > maximumTextLength { line += "…".utf8 }
        if needsQuotes { line.append(UInt8(ascii: "\"")) }
    }
}

private func appendEscape(_ byte: UInt8, prefix: String, to line: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    line += prefix.utf8
    line.append(digits[Int(byte >> 4)])
    line.append(digits[Int(byte & 0xF)])
}

/// Removes the bytes of a character that a cut left incomplete, so that the line stays valid UTF-8.
private func dropCutCharacter(of line: inout [UInt8]) {
    var trailing = 0
    while trailing < 4, let last = line.last, last & 0xC0 == 0x80 {
        line.removeLast()
        trailing += 1
    }
    if let last = line.last, last >= 0xC0 { line.removeLast() }
}
