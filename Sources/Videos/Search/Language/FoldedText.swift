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
        var reader = Reader()
        for scalar in text.unicodeScalars {
            guard reader.words.count < mostWords else { break }
            reader.take(scalar)
        }
        reader.endWord()
        words = Array(reader.words.prefix(mostWords))
    }

    private struct Reader {
        var words: [Word] = []
        private var letters: [Unicode.Scalar] = []
        private var (start, place) = (0, 0)
        /// What stands between the word before and the next one, if it is a single character.
        private var separator: Unicode.Scalar?

        mutating func take(_ scalar: Unicode.Scalar) {
            let width = UTF16.width(scalar)
            defer { place += width }  // bound: code units of a text
            if Folding.isMark(scalar) {
                if !letters.isEmpty { Folding.combine(scalar, with: &letters) }
            } else if Folding.isPartOfWord(scalar) {
                if letters.isEmpty { start = place }
                Folding.append(scalar, to: &letters)
            } else {
                endWord()
                separator = separator == nil ? scalar : " "
            }
        }

        mutating func endWord() {
            guard !letters.isEmpty else { return }
            defer {
                letters = []
                separator = nil
            }
            // `surgeon's` and `don't`: what follows the apostrophe is no word that anybody looks for.
            if let separator, "'’".unicodeScalars.contains(separator), letters.count == 1, !words.isEmpty { return }
            var folded = String.UnicodeScalarView()
            folded.append(contentsOf: letters.prefix(FoldedText.longestWord))
            words.append(Word(folded: String(folded), range: start..<place))
        }
    }
}

/// How one character is folded.
private enum Folding {
    static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return ("a"..."z" ~= scalar) || ("A"..."Z" ~= scalar) || ("0"..."9" ~= scalar) }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .spacingMark:
            return true
        default: return false
        }
    }

    /// Marks that are written over or under the letter before them.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && scalar.properties.generalCategory == .nonspacingMark
    }

    /// All marks are dropped but one: й is a letter of its own, by which Russian endings are told apart.
    static func combine(_ mark: Unicode.Scalar, with letters: inout [Unicode.Scalar]) {
        if mark == "\u{306}", letters.last == "и" { letters[letters.count - 1] = "й" }
    }

    static func append(_ scalar: Unicode.Scalar, to letters: inout [Unicode.Scalar]) {
        if scalar.isASCII {
            letters.append("A"..."Z" ~= scalar ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
        } else {
            for small in scalar.properties.lowercaseMapping.unicodeScalars where !isMark(small) {
                letters.append(contentsOf: base(of: small))
            }
        }
    }

    private static func base(of letter: Unicode.Scalar) -> [Unicode.Scalar] {
        switch letter {
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
