import FoundationEssentials

/// The part of YAML that `api/openapi.yaml` is written in: maps and lists by indentation, plain and double-quoted scalars,
/// `[a, b]` and `{}` on one line, `#` comments. Anything else is an error, so the contract stays simple to read.
enum PlainYAML {
    struct Malformed: Error, Equatable {
        var line: Int
    }

    /// The same document as JSON, keys in their order.
    static func json(from text: String) throws(Malformed) -> [UInt8] {
        var reader = Reader(text)
        var output = ""
        try reader.block(indent: 0, into: &output)
        guard reader.line == nil else { throw reader.malformed }
        return Array(output.utf8)
    }

    private struct Line {
        var number: Int
        var indent: Int
        var text: Substring
    }

    private struct Reader {
        private var lines: ArraySlice<Line>
        private var lastNumber = 0

        init(_ text: String) {
            var found: [Line] = []
            for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let body = raw.drop { $0 == " " }
                if body.isEmpty || body.hasPrefix("#") { continue }
                found.append(Line(number: index + 1, indent: raw.count - body.count, text: body))
            }
            lines = found[...]
        }

        var line: Line? { lines.first }
        var malformed: Malformed { Malformed(line: lines.first?.number ?? lastNumber) }

        mutating func advance() {
            lastNumber = lines.first?.number ?? lastNumber
            lines = lines.dropFirst()
        }

        mutating func block(indent: Int, into output: inout String) throws(Malformed) {
            guard let line, line.indent == indent else { throw malformed }
            if line.text == "-" || line.text.hasPrefix("- ") {
                try list(indent: indent, into: &output)
            } else {
                try map(indent: indent, into: &output)
            }
        }

        private mutating func map(indent: Int, into output: inout String) throws(Malformed) {
            output += "{"
            // A key that comes twice would hide the one before.
            var keys: Set<String> = []
            var isFirst = true
            while let line, line.indent == indent, !line.text.hasPrefix("- ") {
                guard let (key, value) = PlainYAML.pair(line.text), keys.insert(key).inserted else { throw malformed }
                output += (isFirst ? "" : ",") + PlainYAML.quoted(key) + ":"
                isFirst = false
                advance()
                try self.value(value, indent: indent, into: &output)
            }
            output += "}"
        }

        private mutating func list(indent: Int, into output: inout String) throws(Malformed) {
            output += "["
            var isFirst = true
            while let line, line.indent == indent, line.text.hasPrefix("- ") {
                if !isFirst { output += "," }
                isFirst = false
                let item = line.text.dropFirst(2).drop { $0 == " " }
                if PlainYAML.pair(item) != nil {
                    // A map whose first key stands behind the dash.
                    let inner = indent + line.text.count - item.count
                    lines[lines.startIndex] = Line(number: line.number, indent: inner, text: item)
                    try map(indent: inner, into: &output)
                } else {
                    guard let scalar = PlainYAML.scalar(item) else { throw malformed }
                    output += scalar
                    advance()
                }
            }
            output += "]"
        }

        private mutating func value(_ text: Substring, indent: Int, into output: inout String) throws(Malformed) {
            if text.isEmpty {
                guard let line, line.indent > indent else {
                    output += "null"
                    return
                }
                return try block(indent: line.indent, into: &output)
            }
            guard let scalar = PlainYAML.scalar(text) else { throw malformed }
            output += scalar
        }
    }

    /// `key: value` or `key:`; a quoted key may hold colons.
    private static func pair(_ text: Substring) -> (key: String, value: Substring)? {
        var rest = text
        let key: String
        if text.hasPrefix("\"") {
            guard let end = text.dropFirst().firstIndex(of: "\"") else { return nil }
            key = String(text[text.index(after: text.startIndex)..<end])
            rest = text[text.index(after: end)...]
            guard rest.first == ":" else { return nil }
            rest = rest.dropFirst()
        } else {
            guard
                let range = text.firstRange(of: ": ")
                    ?? (text.last == ":" ? text.index(before: text.endIndex)..<text.endIndex : nil)
            else { return nil }
            key = String(text[..<range.lowerBound])
            rest = text[range.upperBound...]
        }
        return (key, rest.drop { $0 == " " })
    }

    /// A value on one line as JSON.
    private static func scalar(_ text: Substring) -> String? {
        if text == "{}" || text == "[]" || text == "true" || text == "false" || text == "null" { return String(text) }
        if text.hasPrefix("[") {
            guard text.hasSuffix("]") else { return nil }
            let items = text.dropFirst().dropLast().split(separator: ",").map { $0.drop { $0 == " " } }
            let values = items.compactMap(scalar)
            return values.count == items.count ? "[\(values.joined(separator: ","))]" : nil
        }
        if text.hasPrefix("\"") {
            let inner = text.dropFirst().dropLast()
            guard text.count >= 2, text.hasSuffix("\""), !inner.contains("\"") else { return nil }
            return quoted(String(inner))
        }
        if "{&*!|>%@`'".contains(where: { text.first == $0 }) { return nil }
        let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }
        if isNumber, Double(text) != nil { return String(text) }
        return quoted(String(text))
    }

    private static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
