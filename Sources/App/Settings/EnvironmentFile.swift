/// The file `.env`: lines `NAME=value`, comments with `#`, values bare or in single or double quotes.
enum EnvironmentFile {
    /// - Throws: `SettingError` that names the line.
    static func parse(_ text: String) throws(SettingError) -> [String: String] {
        var values: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            var rest = line.trimmed
            if rest.isEmpty || rest.hasPrefix("#") { continue }
            if rest.hasPrefix("export ") { rest = rest.dropFirst(7).trimmed }
            guard let equals = rest.firstIndex(of: "="), equals > rest.startIndex else {
                throw SettingError(name: ".env line \(index + 1)", advice: "must be NAME=value or a comment")
            }
            values[String(rest[..<equals].trimmed)] = unquoted(rest[rest.index(after: equals)...].trimmed)
        }
        return values
    }

    private static func unquoted(_ value: Substring) -> String {
        for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            return String(value.dropFirst().dropLast())
        }
        return String(value)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
