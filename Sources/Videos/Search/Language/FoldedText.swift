/// A text as search compares it: its words in small letters and without accents, each with its place in the text.
///
/// The same folding is done for what is stored and for what is looked for, and in Swift, so that both databases find the same.
struct FoldedText {
    struct Word: Equatable {
        /// What two spellings of a word have in common: `cirugía`, `CIRUGIA` and `cirugi´a` are `cirugia`.
        var folded: String
        /// Counted in UTF-16 code units, which is how JavaScript counts.
        var range: Range<Int>
    }

    /// Longer words are cut: nobody types them, and an index keeps no words of any length.
    static let longestWord = 40

    private(set) var words: [Word] = []

    /// - Parameter mostWords: what follows them is left out.
    init(_ text: some StringProtocol, mostWords: Int = .max) {
        var text = String(text)
        text.withUTF8 { bytes in
            var reader = Reader()
            var index = bytes.startIndex
            while index < bytes.endIndex, reader.words.count < mostWords {
                let byte = bytes[index]
                guard byte >= 0x80 else {
                    reader.take(ascii: byte)
                    index += 1
                    continue
                }
                let (scalar, length) = Self.scalar(bytes[index...])
                reader.take(scalar)
                index += length
            }
            reader.endWord()
            words = reader.words
        }
        if words.count > mostWords { words.removeLast(words.count - mostWords) }
    }

    /// The character of several bytes with which a text goes on; a `String` holds nothing but UTF-8 without mistakes.
    private static func scalar(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> (Unicode.Scalar, length: Int) {
        let first = UInt32(bytes[bytes.startIndex])
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        let value = bytes.dropFirst().prefix(length - 1).reduce(first & (0x7F >> UInt32(length))) {
            $0 << 6 | UInt32($1 & 0x3F)
        }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }

    private struct Reader {
        var words: [Word] = []
        /// In UTF-8, so that a word is made of them at once.
        private var letters: [UInt8] = []
        private var letterCount = 0
        private var last: Unicode.Scalar = " "
        private var (start, place) = (0, 0)
        /// What stands between the word before and the next one, if it is a single character.
        private var separator: Unicode.Scalar?

        /// Most of all texts.
        mutating func take(ascii byte: UInt8) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): add(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): add(byte + 32)
            default: separate(Unicode.Scalar(byte))
            }
            place += 1  // bound: code units of a text
        }

        mutating func take(_ scalar: Unicode.Scalar) {
            switch Folding.of(scalar) {
            case .mark:
                // All marks are dropped but one: й is a letter of its own, by which Russian endings are told apart.
                if scalar == "\u{306}", last == "и", letterCount > 0 {
                    last = "й"
                    if letterCount <= FoldedText.longestWord { letters[letters.count - 1] = 0xB9 }
                }
            case .separator: separate(scalar)
            case .letters(let folded):
                if letterCount == 0 { start = place }
                for letter in folded { add(letter) }
            }
            place += UTF16.width(scalar)  // bound: code units of a text
        }

        private mutating func add(_ byte: UInt8) {
            if letterCount == 0 { start = place }
            if letterCount < FoldedText.longestWord { letters.append(byte) }
            letterCount += 1  // bound: characters of a text
            last = Unicode.Scalar(byte)
        }

        private mutating func add(_ letter: Unicode.Scalar) {
            if letterCount < FoldedText.longestWord { letters += UTF8.encode(letter) ?? .init() }
            letterCount += 1  // bound: characters of a text
            last = letter
        }

        private mutating func separate(_ scalar: Unicode.Scalar) {
            endWord()
            separator = separator == nil ? scalar : " "
        }

        mutating func endWord() {
            guard letterCount > 0 else { return }
            defer {
                letters.removeAll(keepingCapacity: true)
                letterCount = 0
                separator = nil
            }
            // `surgeon's` and `don't`: what follows the apostrophe is no word that anybody looks for.
            if let separator, separator == "'" || separator == "’", letterCount == 1, !words.isEmpty { return }
            words.append(Word(folded: String(decoding: letters, as: UTF8.self), range: start..<place))
        }
    }
}

/// How one character is folded.
private enum Folding {
    case separator
    /// Written over or under the letter before it.
    case mark
    /// None where a letter is nothing but a mark.
    case letters([Unicode.Scalar])

    /// Those of the languages that are common here are looked up: Unicode's own tables take long.
    private static let known: [Folding] = (0..<0x530).map { Unicode.Scalar($0).map(fold) ?? .separator }

    static func of(_ scalar: Unicode.Scalar) -> Folding {
        scalar.value < known.count ? known[Int(scalar.value)] : fold(scalar)
    }

    private static func fold(_ scalar: Unicode.Scalar) -> Folding {
        if isMark(scalar) { return .mark }
        guard isPartOfWord(scalar) else { return .separator }
        return .letters(
            scalar.properties.lowercaseMapping.unicodeScalars.filter { !isMark($0) }.flatMap(base))
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .spacingMark:
            return true
        default: return false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && scalar.properties.generalCategory == .nonspacingMark
    }

    private static func base(of letter: Unicode.Scalar) -> [Unicode.Scalar] {
        switch letter {
        case "a"..."z", "0"..."9": return [letter]
        case "а"..."я": return [letter]
        case "ё": return ["е"]
        case "ß": return ["s", "s"]
        case "æ": return ["a", "e"]
        case "œ": return ["o", "e"]
        case "ı": return ["i"]
        case "ά": return ["α"]
        case "έ": return ["ε"]
        case "ή": return ["η"]
        case "ί": return ["ι"]
        case "ό": return ["ο"]
        case "ύ": return ["υ"]
        case "ώ": return ["ω"]
        case "ς": return ["σ"]
        default: break
        }
        // Unicode names the letter under the accent: LATIN SMALL LETTER E WITH ACUTE.
        guard let name = letter.properties.name, name.hasPrefix("LATIN SMALL LETTER ") else { return [letter] }
        let rest = name.dropFirst(19)
        guard let first = rest.unicodeScalars.first, "A"..."Z" ~= first, rest.dropFirst().hasPrefix(" WITH ") else {
            return [letter]
        }
        return [Unicode.Scalar(UInt8(first.value) + 32)]
    }
}
