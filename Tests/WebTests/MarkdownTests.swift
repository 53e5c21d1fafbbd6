import Foundation
import Testing

@testable import Web

@Suite("Markdown")
struct MarkdownTests {
    @Test(
        "blocks",
        arguments: [
            ("", ""), ("\n \n", ""), ("one\ntwo", "<p>one<br>two</p>"), ("one\n\ntwo", "<p>one</p><p>two</p>"),
            ("# A\n### B ##\n###### C", "<h3>A</h3><h5>B</h5><h5>C</h5>"), ("#tag", "<p>#tag</p>"),
            ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"), ("* a\n\n* b", "<ul><li>a</li><li>b</li></ul>"),
            ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"), ("3) c", "<ol start=\"3\"><li>c</li></ol>"),
            ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
            ("- a\ngoes on", "<ul><li>a<br>goes on</li></ul>"),
            ("text\n- a", "<p>text</p><ul><li>a</li></ul>"),
            ("> a\n> b\nc", "<blockquote><p>a<br>b</p></blockquote><p>c</p>"),
            ("```\n<b> & *x*\n```\nafter", "<pre><code>&lt;b&gt; &amp; *x*\n</code></pre><p>after</p>"),
            ("~~~\nnever closed", "<pre><code>never closed\n</code></pre>"), ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
            ("2026. A year", "<ol start=\"2026\"><li>A year</li></ol>"), ("-5 degrees", "<p>-5 degrees</p>"),
            ("a\r\nb", "<p>a<br>b</p>"),
        ])
    func blocks(text: String, html: String) {
        #expect(Markdown.html(text) == html)
    }

    @Test(
        "spans",
        arguments: [
            (
                "**a** and *b* and __c__ and _d_",
                "<strong>a</strong> and <em>b</em> and <strong>c</strong> and <em>d</em>"
            ),
            ("***a***", "<strong><em>a</em></strong>"), ("**a *b* c**", "<strong>a <em>b</em> c</strong>"),
            ("2 * 3 * 4", "2 * 3 * 4"), ("a_name_with_lines", "a_name_with_lines"), ("**open", "**open"),
            ("*a **b*", "<em>a **b</em>"), ("`**a** <b>`", "<code>**a** &lt;b&gt;</code>"),
            ("``a`b``", "<code>a`b</code>"),
            ("`open", "`open"), (#"\*a\* \\ \a"#, #"*a* \ \a"#),
            ("5 < 6 & \"7\" > '3'", "5 &lt; 6 &amp; &quot;7&quot; &gt; &#39;3&#39;"),
            ("Обзор *операции*", "Обзор <em>операции</em>"), ("слово_слово_", "слово_слово_"),
        ])
    func spans(text: String, html: String) {
        #expect(Markdown.html(text) == "<p>\(html)</p>")
    }

    @Test(
        "what is read of a text",
        arguments: [
            ("", ""), ("one\n\ntwo - three", "one\n\ntwo - three"), ("# A\n\n**b** *c* [d](/e)", "A\nb c d"),
            ("- a\n  - b\n- c", "a\nb\nc"), ("3) a\n4) b", "a\nb"), ("> a\n\n---\n\n`<b>`", "a\n<b>"),
            ("2 * 3 < 4 & \"5\" 'six'", "2 * 3 < 4 & \"5\" 'six'"), ("*x* &amp; &lt;", "x &amp; &lt;"),
            ("**a**\nhttps://example.org/b_c", "a\nhttps://example.org/b_c"), ("```\n<p>\n```", "<p>"),
            ("[a](javascript:b) `c`", "[a](javascript:b) c"),
        ])
    func plain(text: String, plain: String) {
        #expect(Markdown.plain(text) == plain)
    }

    private static func link(_ address: String, _ text: String) -> String {
        "<p><a href=\"\(address)\" rel=\"nofollow noopener noreferrer\">\(text)</a></p>"
    }

    @Test("links lead to the web, to mail and to this server")
    func links() {
        #expect(
            Markdown.html("[the *site*](https://example.org/?a=1&b=2)")
                == Self.link("https://example.org/?a=1&amp;b=2", "the <em>site</em>"))
        #expect(Markdown.html("[write](mailto:a@example.org)") == Self.link("mailto:a@example.org", "write"))
        #expect(Markdown.html("[here](/watch/1)") == Self.link("/watch/1", "here"))
        #expect(
            Markdown.html("https://example.org/a_b_c")
                == Self.link("https://example.org/a_b_c", "https://example.org/a_b_c"))
        #expect(Markdown.html("HTTPS://example.org") == "<p>HTTPS://example.org</p>")
        #expect(Markdown.html("see https://example.org.").hasSuffix("https://example.org</a>.</p>"))
    }

    @Test(
        "nothing else becomes a link, a tag or an attribute",
        arguments: [
            "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert)", "[a]( javascript:alert)", "[a](\tjavascript:alert)",
            "[a](data:text/html,x)", "[a](vbscript:x)", "[a](//evil.example)", "[a](/\\evil.example)",
            "[a](file:///etc/passwd)",
            "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
            "![a](https://example.org/a.png\" onerror=alert)",
            "[a](https://example.org/\" onmouseover=\"alert)", "[<img src=x>](https://example.org)",
            "https://example.org/\"onmouseover=x",
            "https://example.org/<script>", "`<script>`", "> <script>\n- <script>\n# <script>\n```\n<script>\n```",
            "[a](java\u{0}script:alert)", "[![a](b)](javascript:x)", "**<b onclick=x>**", "[a](&#106;avascript:alert)",
        ])
    func attacks(text: String) throws {
        let html = Markdown.html(text)
        let tags = html.split(separator: "<").dropFirst(html.hasPrefix("<") ? 0 : 1).map { $0.prefix { $0 != ">" } }
        let allowed: Set = [
            "p", "br", "h3", "h4", "h5", "ul", "ol", "li", "blockquote", "pre", "code", "hr", "strong", "em",
        ]
        for tag in tags {
            let name = tag.first == "/" ? tag.dropFirst() : tag
            if allowed.contains(String(name)) || name == "a" { continue }
            let parts = name.split(separator: "\"", omittingEmptySubsequences: false)
            #expect(parts.count == 5 && parts[0] == "a href=" && parts[2] == " rel=" && parts[4].isEmpty, "\(html)")
            #expect(parts[1].hasPrefix("https://example.org"), "\(html)")
        }
    }

    @Test("any text of marks gives tags that close in order", arguments: 0..<200)
    func nesting(seed: Int) {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let words = [
            "*", "**", "_", "`", "[", "](", ")", "\n", "\n\n", "- ", "> ", "1. ", "# ", "```", " ", "a", "б", "<", "&",
            "\\", "https://a.b", "  ",
        ]
        let text = (0..<400).map { _ in words[next(words.count)] }.joined()
        var open: [String] = []
        for part in Markdown.html(text).split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
            let name = String(part.prefix { $0 != ">" && $0 != " " })
            if name == "br" || name == "hr" { continue }
            if name.hasPrefix("/") {
                #expect(open.popLast() == String(name.dropFirst()), "\(text)")
            } else {
                open.append(name)
            }
        }
        #expect(open.isEmpty)
    }
}
