/// Text that people write with marks, as HTML of a small allow-list: `p br h3 h4 h5 ul ol li blockquote pre code hr strong em a`.
///
/// It is the part of CommonMark 0.31 that people use in descriptions: headings (`#`, which begin below the page's own), paragraphs whose
/// line ends stay, lists, quotations, fenced code, rules, `**strong**`, `*em*`, `` `code` ``, links and bare addresses. There is no way to
/// write HTML: every character of the text is escaped, and a link leads to `https`, `http`, `mailto` or to this server only.
public struct Markdown: Sendable {
    private var html = ""

    /// So deep quotations and lists may lie in each other; what is deeper is text.
    static let deepest = 4

    public static func html(_ text: String) -> String {
        var markdown = Markdown()
        markdown.blocks(text.split(omittingEmptySubsequences: false) { $0.isNewline }, depth: 0)
        return markdown.html
    }

    private init() {}

    private mutating func blocks(_ lines: [Substring], depth: Int) {
        var rest = lines[...]
        while let line = rest.first {
            let words = line.drop { $0 == " " || $0 == "\t" }
            if words.isEmpty {
                rest.removeFirst()
            } else if let fence = Fence(words) {
                rest.removeFirst()
                code(&rest, until: fence)
            } else if Self.isRule(words) {
                rest.removeFirst()
                html += "<hr>"
            } else if let heading = Heading(words) {
                rest.removeFirst()
                html += "<h\(heading.level)>\(MarkdownSpans.html(heading.text))</h\(heading.level)>"
            } else if words.first == ">", depth < Self.deepest {
                quotation(&rest, depth: depth)
            } else if let mark = ListMark(words), depth < Self.deepest {
                list(&rest, of: mark, depth: depth)
            } else {
                paragraph(&rest, depth: depth)
            }
        }
    }

    private mutating func paragraph(_ rest: inout ArraySlice<Substring>, depth: Int) {
        var taken: [Substring] = []
        while let line = rest.first {
            let words = line.drop { $0 == " " || $0 == "\t" }
            if words.isEmpty || (!taken.isEmpty && Self.begins(words, depth: depth)) { break }
            taken.append(words)
            rest.removeFirst()
        }
        html += "<p>" + MarkdownSpans.html(taken.joined(separator: "\n")) + "</p>"
    }

    private mutating func code(_ rest: inout ArraySlice<Substring>, until fence: Fence) {
        html += "<pre><code>"
        while let line = rest.popFirst() {
            if fence.isClosed(by: line) { break }
            html += MarkdownSpans.escaped(line) + "\n"
        }
        html += "</code></pre>"
    }

    private mutating func quotation(_ rest: inout ArraySlice<Substring>, depth: Int) {
        var inner: [Substring] = []
        while let line = rest.first?.drop(while: { $0 == " " }), line.first == ">" {
            let text = line.dropFirst()
            inner.append(text.first == " " ? text.dropFirst() : text)
            rest.removeFirst()
        }
        html += "<blockquote>"
        blocks(inner, depth: depth + 1)
        html += "</blockquote>"
    }

    private mutating func list(_ rest: inout ArraySlice<Substring>, of first: ListMark, depth: Int) {
        html += first.isOrdered ? first.number == 1 ? "<ol>" : "<ol start=\"\(first.number)\">" : "<ul>"
        while let line = rest.first, let mark = ListMark(line.drop { $0 == " " || $0 == "\t" }),
            mark.isOrdered == first.isOrdered
        {
            rest.removeFirst()
            var item = [mark.text]
            let indent = line.prefix { $0 == " " || $0 == "\t" }.count
            while let next = rest.first {
                let words = next.drop { $0 == " " || $0 == "\t" }
                let isDeeper = next.count - words.count > indent
                // What goes on without a mark belongs to the item as well, as long as nothing else begins.
                guard !words.isEmpty, isDeeper || !Self.begins(words, depth: depth) else { break }
                item.append(next.dropFirst(min(next.count - words.count, indent + mark.width)))
                rest.removeFirst()
            }
            html += "<li>"
            if item.count == 1 { html += MarkdownSpans.html(mark.text) } else { self.item(item, depth: depth) }
            html += "</li>"
            // A list may have empty lines between its items.
            let after = rest.drop { $0.allSatisfy { $0 == " " || $0 == "\t" } }
            if let next = after.first, ListMark(next.drop { $0 == " " || $0 == "\t" })?.isOrdered == first.isOrdered {
                rest = after
            }
        }
        html += first.isOrdered ? "</ol>" : "</ul>"
    }

    /// The text of an item stands without a paragraph of its own; what else is in it follows.
    private mutating func item(_ lines: [Substring], depth: Int) {
        let text =
            lines.prefix(1)
            + lines.dropFirst().prefix { line in
                !Self.begins(line.drop { $0 == " " || $0 == "\t" }, depth: depth + 1)
            }
        html += MarkdownSpans.html(text.joined(separator: "\n"))
        blocks(Array(lines.dropFirst(text.count)), depth: depth + 1)
    }

    /// Whether something else than a paragraph's next line begins here.
    private static func begins(_ words: Substring, depth: Int) -> Bool {
        Fence(words) != nil || isRule(words) || Heading(words) != nil
            || (depth < deepest && (words.first == ">" || ListMark(words) != nil))
    }

    /// CommonMark 4.1: three or more of the same mark and nothing else.
    private static func isRule(_ words: Substring) -> Bool {
        guard let mark = words.first, "-*_".contains(mark) else { return false }
        let marks = words.filter { $0 != " " && $0 != "\t" }
        return marks.count >= 3 && marks.allSatisfy { $0 == mark }
    }
}

/// CommonMark 4.2.
private struct Heading {
    let level: Int
    let text: String

    init?(_ words: Substring) {
        let marks = words.prefix { $0 == "#" }
        let rest = words.dropFirst(marks.count)
        guard (1...6).contains(marks.count), rest.first == " " else { return nil }
        // The page's own headings come first.
        level = min(marks.count + 2, 5)
        let text = rest.trimmed
        let closing = text.reversed().prefix { $0 == "#" }.count
        let kept = text.dropLast(closing)
        self.text = closing > 0 && (kept.isEmpty || kept.last == " ") ? kept.trimmed : text
    }
}

/// CommonMark 4.5.
private struct Fence {
    let mark: Character
    let length: Int

    init?(_ words: Substring) {
        guard let mark = words.first, mark == "`" || mark == "~" else { return nil }
        let length = words.prefix { $0 == mark }.count
        guard length >= 3, !words.dropFirst(length).contains("`") else { return nil }
        (self.mark, self.length) = (mark, length)
    }

    func isClosed(by line: Substring) -> Bool {
        let text = line.trimmed
        return text.count >= length && text.allSatisfy { $0 == mark }
    }
}

/// CommonMark 5.2.
private struct ListMark {
    let isOrdered: Bool
    let number: Int
    /// Of the mark and the space behind it.
    let width: Int
    let text: Substring

    init?(_ words: Substring) {
        let digits = words.prefix { $0.isASCII && $0.isNumber }
        var rest = words.dropFirst(digits.count)
        guard let mark = rest.popFirst(), rest.first == " " || rest.isEmpty else { return nil }
        if digits.isEmpty {
            guard "-*+".contains(mark) else { return nil }
            (isOrdered, number) = (false, 0)
        } else {
            guard mark == "." || mark == ")", digits.count <= 9, let number = Int(digits) else { return nil }
            (isOrdered, self.number) = (true, number)
        }
        width = digits.count + 2
        text = rest.drop { $0 == " " }
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
