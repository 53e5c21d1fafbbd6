import HTTP

/// What stands before a part's data: its name, and for a file the name the sender gave it.
public struct PartHead: Sendable, Equatable {
    /// The longest name of a field, in bytes.
    static let nameLimit = 128

    public let name: String
    /// Data for people, never a path: it may hold anything.
    public let filename: String?
    public let contentType: String?

    /// - Parameter block: header lines without the empty line behind them.
    init(parsing block: ArraySlice<UInt8>) throws(MultipartError) {
        var name: String?
        var filename: String?
        var contentType: String?
        for line in Self.lines(of: block) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed }
            let value = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
            switch FieldName(String(decoding: line[..<colon], as: UTF8.self)) {
            case .contentDisposition:
                let parameters = FieldParameters(parsing: value)
                guard parameters.value.lowercased() == "form-data" else { throw .malformed }
                name = parameters["name"].map(Self.unescaped)
                filename = parameters.extended("filename") ?? parameters["filename"].map(Self.unescaped)
            case .contentType: contentType = String(value.drop { $0 == " " || $0 == "\t" })
            default: break
            }
        }
        guard let name, name.utf8.count <= Self.nameLimit else { throw .malformed }
        self.name = name
        self.filename = filename
        self.contentType = contentType
    }

    private static func lines(of block: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        block.split(separator: ASCIIByte.lf).map { $0.last == ASCIIByte.cr ? $0.dropLast() : $0 }
    }

    /// Browsers escape a quote and line ends in names like this (HTML, "multipart/form-data encoding algorithm").
    private static func unescaped(_ text: String) -> String {
        guard text.contains("%") else { return text }
        var result = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "%") {
            result += rest[..<mark]
            rest = rest[mark...]
            switch rest.prefix(3).uppercased() {
            case "%22": result += "\""
            case "%0D": result += "\r"
            case "%0A": result += "\n"
            default:
                result += "%"
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst(3)
        }
        return result + rest
    }
}

/// `value; name=token; other="quoted \" text"; third*=UTF-8''percent%20encoded` (RFC 9110 5.6.6, RFC 8187).
public struct FieldParameters: Sendable {
    public let value: String
    private var pairs: [(name: String, value: String)] = []

    public init(parsing field: String) {
        var rest = Substring(field).utf8
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let head = rest.prefix { $0 != UInt8(ascii: ";") }
        rest = rest.dropFirst(head.count)
        value = String(decoding: head.drop(while: isBlank).reversed().drop(while: isBlank).reversed(), as: UTF8.self)
        while rest.first == UInt8(ascii: ";"), pairs.count < 32 {
            rest = rest.dropFirst().drop(while: isBlank)
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(name.count)
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest = rest.dropFirst()
            var text: [UInt8] = []
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                    // Old browsers put a Windows path in unescaped: only a quote or a backslash can be escaped.
                    if byte == UInt8(ascii: "\\"), let next = rest.first,
                        next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\")
                    {
                        text.append(next)
                        rest = rest.dropFirst()
                    } else {
                        text.append(byte)
                    }
                }
                rest = rest.drop { $0 != UInt8(ascii: ";") }
            } else {
                let token = rest.prefix { $0 != UInt8(ascii: ";") }
                text = Array(token.reversed().drop(while: isBlank).reversed())
                rest = rest.dropFirst(token.count)
            }
            let key = String(Substring(name)).lowercased().filter { $0 != " " }
            pairs.append((key, String(decoding: text, as: UTF8.self)))
        }
    }

    public subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The parameter in its extended form, in UTF-8 only.
    func extended(_ name: String) -> String? {
        guard let text = self[name + "*"] else { return nil }
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8" else { return nil }
        return PercentEncoding.decode(parts[2].utf8)
    }
}
