/// The text of a cue with the markup of WebVTT that is safe and that players know: `b i u v c ruby rt lang`. Everything else that looks
/// like markup is text, and is written so.
struct CueText {
    /// Lines of WebVTT, none of them blank.
    private(set) var lines: [String] = []
    /// SRT says by `{\an7}` to `{\an9}` that the text belongs at the top of the picture.
    private(set) var isAtTop = false

    private let format: CaptionFormat
    private let scalars: [Unicode.Scalar]
    private var position = 0
    /// No `UnicodeScalarView`: to append a text to one copies all of it.
    private var written = ""
    /// Names of the tags that are open.
    private var open: [String] = []
    private var hasText = false

    /// Deeper nesting is left out.
    private static let deepest = 16
    /// What is longer is no tag: so the work is bounded by the length of the text.
    private static let longestTag = 256
    private static let longestEntity = 10
    private static let names: Set<String> = ["b", "i", "u", "v", "c", "ruby", "rt", "lang"]

    init(_ bytes: some Sequence<UInt8>, _ format: CaptionFormat) {
        self.format = format
        scalars = Array(String(decoding: Array(bytes), as: UTF8.self).unicodeScalars)
        while position < scalars.count {
            if readTag() || readOverride() { continue }
            write(readEntity() ?? next())
        }
        while let name = open.popLast() { append("</\(name)>") }
        guard hasText else { return }
        lines = written.split(separator: "\n").map(String.init).filter { line in
            !line.allSatisfy { $0 == " " || $0 == "\t" }
        }
    }

    private mutating func next() -> Unicode.Scalar {
        defer { position += 1 }
        return scalars[position]
    }

    private mutating func append(_ text: String) { written += text }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "&": append("&amp;")
        case "<": append("&lt;")
        case ">": append("&gt;")
        case "\0": append("\u{FFFD}")
        case "\n", "\t", " ":
            written.unicodeScalars.append(scalar)
            return
        case "!"..."~":
            written.unicodeScalars.append(scalar)
            hasText = true
            return
        // They would be ends of lines to some readers.
        case "\u{2028}", "\u{2029}": append(" ")
        case _ where scalar.properties.generalCategory == .control: return
        default: written.unicodeScalars.append(scalar)
        }
        if !scalar.properties.isWhitespace { hasText = true }
    }

    // MARK: Tags

    /// True where a tag was read, kept or not.
    private mutating func readTag() -> Bool {
        guard scalars[position] == "<" else { return false }
        let limit = min(scalars.count, position + Self.longestTag)  // bound: a place in a file
        guard let end = scalars[(position + 1)..<limit].firstIndex(where: { $0 == ">" || $0 == "<" }),
            scalars[end] == ">"
        else { return false }
        let body = scalars[(position + 1)..<end]
        let isClosing = body.first == "/"
        let rest = isClosing ? body.dropFirst() : body
        let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        var name = Self.text(rest.prefix { !isSpace($0) && $0 != "." })
        if format == .subRip { name = name.lowercased() }
        guard Self.names.contains(name) else {
            // When a word is sung, and of SRT its fonts.
            guard isTimestamp(name, rest) || (format == .subRip && name == "font") else { return false }
            position = end + 1  // bound: a place in a file
            return true
        }
        position = end + 1  // bound: a place in a file
        if isClosing {
            close(name)
        } else {
            let classes = rest.dropFirst(name.unicodeScalars.count).prefix { !isSpace($0) }
            open(name, classes: classes, annotation: rest.drop { !isSpace($0) })
        }
        return true
    }

    private func isTimestamp(_ name: String, _ body: ArraySlice<Unicode.Scalar>) -> Bool {
        guard format == .webVTT, name.first?.isNumber == true else { return false }
        return CueTiming.milliseconds(Array(Self.text(body).utf8)[...], .webVTT) != nil
    }

    private mutating func open(
        _ name: String, classes: ArraySlice<Unicode.Scalar>, annotation: ArraySlice<Unicode.Scalar>
    ) {
        guard open.count < Self.deepest, name != "rt" || open.last == "ruby" else { return }
        var tag = "<\(name)"
        for part in classes.split(separator: ".").prefix(5) where part.allSatisfy(Self.isPartOfName) {
            tag += ".\(Self.text(part))"
        }
        if name == "v" || name == "lang" {
            let words = annotation.split { $0.properties.isWhitespace || $0.properties.generalCategory == .control }
            let written = CueMarkup.plain(words.map(Self.text).joined(separator: " "), keeping: [])
            guard !written.isEmpty, name == "v" || written.unicodeScalars.allSatisfy(Self.isPartOfName) else { return }
            tag += " " + Self.escaped(written)
        }
        append(tag + ">")
        open.append(name)
    }

    /// Closes what stands open within it as well; what was not opened cannot be closed.
    private mutating func close(_ name: String) {
        guard open.contains(name) else { return }
        while let last = open.popLast() {
            append("</\(last)>")
            if last == name { return }
        }
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// For a place where no line may end.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\u{2028}", "\u{2029}": escaped += " "
            case _ where scalar.properties.generalCategory == .control: break
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "-_".unicodeScalars.contains(scalar))
    }

    /// `{\an8}` and other orders of SubStation that SRT files hold.
    private mutating func readOverride() -> Bool {
        guard format == .subRip, scalars[position] == "{", position + 1 < scalars.count, scalars[position + 1] == "\\"
        else { return false }
        let limit = min(scalars.count, position + Self.longestTag)
        guard let end = scalars[(position + 2)..<limit].firstIndex(where: { $0 == "}" || $0 == "{" }),
            scalars[end] == "}"
        else { return false }
        if ["an7", "an8", "an9"].contains(Self.text(scalars[(position + 2)..<end])) { isAtTop = true }
        position = end + 1  // bound: a place in a file
        return true
    }

    // MARK: Entities

    /// What WebVTT 4.2.2 names, and numbers of characters. In SRT a text is as it is written.
    private mutating func readEntity() -> Unicode.Scalar? {
        guard format == .webVTT, scalars[position] == "&" else { return nil }
        let limit = min(scalars.count, position + Self.longestEntity)
        guard let end = scalars[(position + 1)..<limit].firstIndex(where: { $0 == ";" || $0 == "&" }),
            scalars[end] == ";", let scalar = CueEntity.scalar(Self.text(scalars[(position + 1)..<end]))
        else { return nil }
        position = end + 1  // bound: a place in a file
        return scalar
    }
}

enum CueEntity {
    private static let named: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "lrm": "\u{200E}",
        "rlm": "\u{200F}",
    ]

    static func scalar(_ name: String) -> Unicode.Scalar? {
        if let known = named[name] { return known }
        guard name.first == "#" else { return nil }
        let digits = name.dropFirst()
        let isHexadecimal = digits.first == "x" || digits.first == "X"
        let written = isHexadecimal ? digits.dropFirst() : digits
        // Swift reads signs as well.
        guard written.allSatisfy(\.isHexDigit) else { return nil }
        return UInt32(written, radix: isHexadecimal ? 16 : 10).flatMap(Unicode.Scalar.init)
    }
}
