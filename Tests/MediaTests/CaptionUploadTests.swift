import Testing

@testable import Media

@Suite("Captions as people upload them")
struct CaptionUploadTests {
    static let written = """
        WEBVTT - a film
        Language: en

        STYLE
        ::cue { color: red }

        NOTE a remark
        of two lines

        REGION
        id:fred

        first
        00:03.000 --> 00:04.500 align:start line:85%,end foo:bar size:200% region:fred position:10%
        <v.loud Mary & John>Hello <b>you</b></v> &amp; &eacute; &#233; <script>alert(1)</script>
        <c.yellow.bg_blue>two <00:00:03.500>words</c>

        1:00:00.000 --> 1:00:01.000
        An <i>hour <u>later

        00:01.000 --> 00:02.000
        Earlier

        00:05.000 --> 00:06.000

        """

    static let read = """
        WEBVTT

        00:00:01.000 --> 00:00:02.000
        Earlier

        00:00:03.000 --> 00:00:04.500 line:85%,end position:10% align:start
        <v.loud Mary &amp; John>Hello <b>you</b></v> &amp; &amp;eacute; é &lt;script&gt;alert(1)&lt;/script&gt;
        <c.yellow.bg_blue>two words</c>

        01:00:00.000 --> 01:00:01.000
        An <i>hour <u>later</u></i>

        """

    func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    func error(
        _ bytes: [UInt8], _ format: CaptionFormat? = nil, language: String = ""
    ) -> CaptionError? {
        do {
            _ = try WebVTT(uploaded: bytes, as: format, language: LanguageTag(language))
            return nil
        } catch {
            return error
        }
    }

    @Test("WebVTT becomes cues in order, with the markup and the settings that are safe, whatever ends its lines")
    func webVTT() throws {
        for (text, format) in [(Self.written, nil), ("\u{FEFF}" + Self.written, CaptionFormat.webVTT)] {
            for end in ["\n", "\r\n", "\r"] {
                let captions = try WebVTT(uploaded: bytes(text.replacing("\n", with: end)), as: format)
                #expect(captions.render(isForHLS: false) == Self.read)
            }
        }
    }

    @Test("What was written is read as it was, again by the strict reader and by the lenient one")
    func again() throws {
        let captions = try WebVTT(uploaded: bytes(Self.written))
        #expect(try WebVTT(uploaded: bytes(captions.render(isForHLS: false))) == captions)
        #expect(try WebVTT(uploaded: bytes(captions.render())) == captions)
        #expect(WebVTT(parsing: captions.render(isForHLS: false)) == captions)
    }

    @Test(
        "SRT becomes WebVTT",
        arguments: [
            (
                "1\n00:00:01,000 --> 00:00:02,500\nOne\ntwo\n\n2\n00:00:03.000 --> 00:00:04.000\nThree",
                ["One|two", "Three"]
            ),
            (
                "\n\n1\r\n00:00:01,000 --> 00:00:02,500  X1:40 X2:600\r\n<font color=\"red\">Red</font> <B>b</B>\r\n \r\n",
                ["Red <b>b</b>"]
            ),
            (
                "00:00:01,000 --> 00:00:02,500\nA & B < C &amp; {curly} <x>",
                ["A &amp; B &lt; C &amp;amp; {curly} &lt;x&gt;"]
            ),
        ])
    func subRip(text: String, cues: [String]) throws {
        for format in [nil, CaptionFormat.subRip] {
            let captions = try WebVTT(uploaded: bytes(text), as: format)
            #expect(captions.cues.map { $0.text.joined(separator: "|") } == cues)
            #expect(captions.cues[0].start == 1000 && captions.cues[0].end == 2500 && captions.cues[0].settings == "")
        }
    }

    @Test("SRT that says so stands at the top of the picture")
    func top() throws {
        let captions = try WebVTT(uploaded: bytes("1\n00:00:01,000 --> 00:00:02,000\n{\\an8}Up\n"))
        #expect(captions.cues.map(\.text) == [["Up"]] && captions.cues[0].settings == "line:0")
    }

    @Test("SRT goes out as it came in")
    func subRipOut() throws {
        let text = "1\n00:00:01,000 --> 00:00:02,500\n<i>A & B</i>\ntwo\n\n2\n00:01:03,000 --> 00:01:04,000\nC <3\n\n"
        #expect(try WebVTT(uploaded: bytes(text)).renderSubRip() == text)
        let cue = try #require(try WebVTT(uploaded: bytes(Self.written)).cues.dropFirst().first)
        #expect(cue.plainText == "Hello you & &eacute; é <script>alert(1)</script> two words")
    }

    @Test(
        "A line that cannot be read is named by its number",
        arguments: [
            ("WEBVTT\n\n00:01.000 -> 00:02.000\nA", 3, CaptionError.Fault.noTiming),
            ("WEBVTT\n\nx\n00:01.000 --> 00:02\nA", 4, .timing), ("WEBVTT\n\n00:01.000 --> 00:61.000\nA", 3, .timing),
            ("WEBVTT\n\n00:-1.000 --> 00:02.000\nA", 3, .timing),
            ("WEBVTT\n\n99999999999999999999:00:01.000 --> 00:02.000\nA", 3, .timing),
            ("WEBVTT\n\n00:01,000 --> 00:02,000\nA", 3, .timing),
            ("WEBVTT\n\n00:03.000 --> 00:02.000\nA", 3, .order), ("WEBVTT\n\n00:02.000 --> 00:02.000\nA", 3, .order),
            ("WEBVTT\n\n00:01.000 --> 00:02.000\nA\n00:03.000 --> 00:04.000\nB", 5, .arrow),
            ("WEBVTT\n\n00:01.000 --> 00:02.000\nA\n\nlost text", 6, .noTiming),
            ("00:01.000 --> 00:02.000\nA", 1, .header),
        ])
    func wrongLines(text: String, line: Int, fault: CaptionError.Fault) {
        #expect(error(bytes(text), .webVTT) == .wrongLines([.init(number: line, fault: fault)]))
    }

    @Test("All wrong lines are named, but never endlessly many")
    func manyWrongLines() {
        let text = "WEBVTT\n\n" + String(repeating: "nothing\n\n", count: 1000)
        guard case .wrongLines(let lines) = error(bytes(text)) else { return #expect(Bool(false)) }
        #expect(lines.map(\.number) == (0..<CaptionError.mostWrongLines).map { 3 + 2 * $0 })
    }

    @Test("What is neither, or says nothing, or too much, is told so")
    func others() {
        #expect(error(bytes("Hello")) == .unknownFormat && error([]) == .unknownFormat)
        #expect(
            error(bytes("WEBVTT")) == .empty && error(bytes("WEBVTT\n\n00:01.000 --> 00:02.000\n<b></b>")) == .empty)
        #expect(error(bytes("WEBVTTX\n\n00:01.000 --> 00:02.000\nA"), .webVTT) != nil)
        let cue = "00:01.000 --> 00:02.000\nA\n\n"
        #expect(error(bytes("WEBVTT\n\n" + String(repeating: cue, count: WebVTT.mostCues + 1))) == .tooLarge)
        let large = String(repeating: "&", count: WebVTT.mostBytes / 4)
        #expect(error(bytes("WEBVTT\n\n00:01.000 --> 00:02.000\n" + large)) == .tooLarge)
    }

    @Test(
        "Markup is what WebVTT knows, and text is everything else",
        arguments: [
            ("<b>a</i>b</b>", "<b>ab</b>"), ("</b>a", "a"), ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"),
            ("<B>a</B>", "&lt;B&gt;a&lt;/B&gt;"), ("a < b > c", "a &lt; b &gt; c"), ("<<b>a", "&lt;<b>a</b>"),
            ("<b", "&lt;b"), ("<>", "&lt;&gt;"), ("<b onclick=x>a", "<b>a</b>"), ("<v>a", "a"),
            ("<v  \t A  B >a", "<v A B>a</v>"),
            ("<lang es-419>a</lang>", "<lang es-419>a</lang>"), ("<lang \"x\">a", "a"), ("<rt>a</rt>", "a"),
            ("<ruby>a<rt>b</rt></ruby>", "<ruby>a<rt>b</rt></ruby>"), ("<c.a.\"b\".c>a", "<c.a.c>a</c>"),
            ("<c>a</c.b>", "<c>a</c>"), ("&lt;b&gt;", "&lt;b&gt;"), ("&#60;b>", "&lt;b&gt;"),
            ("&#x110000; &#-1; &;", "&amp;#x110000; &amp;#-1; &amp;;"),
            ("&&amp", "&amp;&amp;amp"), ("a\u{0}b\u{1b}c\u{2028}d", "a\u{FFFD}bc d"),
            ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
            ("<v A&amp;B>a", "<v A&amp;B>a</v>"), ("<00:00:01.000>a", "a"), ("<1>a", "&lt;1&gt;a"),
        ])
    func markup(text: String, kept: String) {
        #expect(CueText(text.utf8, .webVTT).lines == [kept])
    }

    @Test("Nesting without an end ends, and no length makes the work more than the text is long")
    func nesting() {
        let deep = CueText((String(repeating: "<b>", count: 10_000) + "a").utf8, .webVTT).lines
        #expect(deep == [String(repeating: "<b>", count: 16) + "a" + String(repeating: "</b>", count: 16)])
        for piece in ["<", "&", "<b ", "&#", "</b>", "{\\", "<v x&"] {
            for format in CaptionFormat.allCases {
                let text = String(repeating: piece, count: 4_000)
                _ = CueText((text + "x").utf8, format)
            }
        }
    }

    @Test(
        "Cut anywhere it is read or refused, and what was read reads back as it was",
        arguments: [
            written,
            "1\n00:00:01,000 --> 00:00:02,500\n{\\an8}<font a>Día</font> <b>x\n\n2\n00:00:03,000 --> 00:00:04,000\nB\n",
        ])
    func cutting(text: String) throws {
        let whole = bytes(text)
        var count = 0
        for end in 0...whole.count {
            for start in [0, end / 2] {
                guard let captions = try? WebVTT(uploaded: Array(whole[start..<end])) else { continue }
                count += 1
                #expect(try WebVTT(uploaded: bytes(captions.render(isForHLS: false))) == captions)
            }
        }
        #expect(count > 3)
    }

    @Test("Bytes of all kinds in all places neither trap nor get through as markup")
    func hostile() {
        let whole = bytes(Self.written)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            var changed = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<changed.count, using: &random)
                let letters = Array("<>&;-:. \n\r\0WEBVTT/#x9{}\\,%".utf8) + [0xFF, 0xC3, 0xE2]
                changed[place] = letters.randomElement(using: &random) ?? 0
            }
            for format in [nil, CaptionFormat.webVTT, .subRip] {
                guard let captions = try? WebVTT(uploaded: changed, as: format) else { continue }
                #expect(!captions.render().contains("<script"))
                #expect((try? WebVTT(uploaded: bytes(captions.render()))) == captions)
            }
        }
    }

    // MARK: Encodings

    static let spoken = [
        "ru": "Здравствуйте, дорогие друзья! Сегодня мы покажем операцию на сердце.",
        "uk": "Доброго дня, шановні друзі! Сьогодні ми покажемо операцію на серці, її хід.",
        "es": "¿Cómo está usted? El corazón del niño está aquí, señor. «Después»",
        "fr": "L’œuvre était déjà là, ça c’est sûr – où êtes-vous ?",
        "de": "Über die Größe müssen wir später sprechen: „schön“.",
    ]

    func encoded(_ text: String, _ table: String) throws -> [UInt8] {
        let upper = Array(table.unicodeScalars)
        return try text.unicodeScalars.map { scalar in
            if scalar.isASCII { return UInt8(scalar.value) }
            return UInt8(0x80 + (try #require(upper.firstIndex(of: scalar), "\(scalar)")))
        }
    }

    static let latin =
        "€\u{1}‚ƒ„…†‡ˆ‰Š‹Œ\u{2}Ž\u{3}\u{4}‘’“”•–—˜™š›œ\u{5}žŸ"
        + String(
            String.UnicodeScalarView((0xA0...0xFF).compactMap(Unicode.Scalar.init(_:) as (UInt32) -> Unicode.Scalar?)))
    static let cyrillic =
        "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{1}™љ›њќћџ\u{A0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{AD}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"

    @Test("SRT in the old encoding of its language is read", arguments: ["ru", "uk", "es", "fr", "de"])
    func oldEncodings(language: String) throws {
        let said = try #require(Self.spoken[language])
        let table = ["ru", "uk"].contains(language) ? Self.cyrillic : Self.latin
        let file = try encoded("1\n00:00:01,000 --> 00:00:02,000\n\(said)\n", table)
        let captions = try WebVTT(uploaded: file, language: LanguageTag(language))
        #expect(captions.cues.map(\.plainText) == [said])
        // Where the language does not fit, or is another, nobody guesses.
        for other in ["", "ja", table == Self.latin ? "ru" : "es"] {
            #expect(error(file, language: other) == .unreadableText, "\(other)")
        }
        let web = try encoded("WEBVTT\n\n00:01.000 --> 00:02.000\n\(said)\n", table)
        #expect(error(web, language: language) == .unreadableText, "WebVTT is UTF-8")
    }

    @Test("Another old encoding of Russian is not taken for the usual one")
    func koi8() throws {
        // KOI8-R: small letters before large ones.
        let table =
            "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u{A0}⌡°²·÷═║╒ё╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡Ё╢╣╤╥╦╧╨╩╪╫╬©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"
        let said = try #require(Self.spoken["ru"])
        let file = try encoded("1\n00:00:01,000 --> 00:00:02,000\n\(said)\n", table)
        #expect(error(file, language: "ru") == .unreadableText)
    }

    @Test("UTF-16 is read in both orders, with and without its mark", arguments: [true, false], [true, false])
    func utf16(isBig: Bool, hasMark: Bool) throws {
        let said = "¿Qué? Да"
        var units = Array("1\n00:00:01,000 --> 00:00:02,000\n\(said)\n\n2\n00:00:03,000 --> 00:00:04,000\nyes\n".utf16)
        if hasMark { units.insert(0xFEFF, at: 0) }
        let file = units.flatMap { unit in
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
            return isBig ? [high, low] : [low, high]
        }
        #expect(try WebVTT(uploaded: file).cues.map(\.plainText) == [said, "yes"])
        #expect(error(Array(file.dropLast())) == .unreadableText)
    }
}
