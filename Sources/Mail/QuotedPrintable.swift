/// Text in lines that any server lets through (RFC 2045 6.7).
enum QuotedPrintable {
    private static let longestLine = 76

    /// - Parameter text: with `\n` at the ends of its lines.
    static func encode(_ text: String) -> String {
        var output: [UInt8] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            encode(Array(line), into: &output)
            output += "\r\n".utf8
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func encode(_ line: [UInt8], into output: inout [UInt8]) {
        var length = 0
        for (index, byte) in line.enumerated() {
            let letters = letters(of: byte, isLast: index == line.count - 1)
            // Room for the mark that the line goes on.
            if length + letters.count >= longestLine {
                output += "=\r\n".utf8
                length = 0
            }
            output += letters  // bound: by the text, which is in memory
            length += letters.count
        }
    }

    private static func letters(of byte: UInt8, isLast: Bool) -> [UInt8] {
        let isSpace = byte == UInt8(ascii: " ")
        if isSpace ? !isLast : (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=") { return [byte] }
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
