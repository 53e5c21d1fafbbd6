/// Stems of English words, after Porter's second algorithm (snowballstem.org/algorithms/english).
enum EnglishStemmer {
    private static let vowels: Set<Unicode.Scalar> = ["a", "e", "i", "o", "u", "y"]
    private static let exceptions = [
        "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl",
        "gently": "gentl", "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl",
    ]
    private static let unchanged: Set = ["sky", "news", "howe", "atlas", "cosmos", "bias", "andes"]
    private static let unchangedWithoutS: Set = [
        "inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed",
    ]
    private static let liEndings: Set<Unicode.Scalar> = ["c", "d", "e", "g", "h", "k", "m", "n", "r", "t"]

    static func stem(_ word: String) -> String {
        if let exception = exceptions[word] { return exception }
        guard word.unicodeScalars.count > 2, !unchanged.contains(word) else { return word }
        var stem = Stem(word, vowels: vowels)
        stem.markConsonantY()
        let first = ["gener", "commun", "arsen"].first { word.hasPrefix($0) }?.count ?? stem.region()
        let second = stem.region(after: first)
        plural(&stem)
        guard !unchangedWithoutS.contains(stem.text) else { return stem.text }
        past(&stem, first)
        if let last = stem.letters.last, last == "y" || last == "Y", stem.count > 2, !stem.isVowel(at: stem.count - 2) {
            stem.replace(last: 1, with: "i")
        }
        derived(&stem, first)
        derivedAgain(&stem, first, second)
        suffix(&stem, second)
        lastLetter(&stem, first, second)
        return stem.text.replacing("Y", with: "y")
    }

    private static func plural(_ stem: inout Stem) {
        if stem.ends(with: "sses") {
            stem.drop(2)
        } else if stem.ends(with: "ied") || stem.ends(with: "ies") {
            stem.drop(stem.count > 4 ? 2 : 1)
        } else if stem.ends(with: "s"), !stem.ends(with: "us"), !stem.ends(with: "ss"),
            (0..<max(0, stem.count - 2)).contains(where: stem.isVowel(at:))
        {
            stem.drop(1)
        }
    }

    private static let pastEndings = Endings("eed eedly ed edly ing ingly")

    private static func past(_ stem: inout Stem, _ first: Int) {
        guard let ending = pastEndings.longest(of: stem) else { return }
        if ending.starts(with: "eed".unicodeScalars) {
            if stem.count - ending.count >= first { stem.replace(last: ending.count, with: "ee") }
            return
        }
        guard (0..<(stem.count - ending.count)).contains(where: stem.isVowel(at:)) else { return }
        stem.drop(ending.count)
        if ["at", "bl", "iz"].contains(where: { stem.ends(with: $0) }) {
            stem.replace(last: 0, with: "e")
        } else if ["bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"].contains(where: { stem.ends(with: $0) }) {
            stem.drop(1)
        } else if first >= stem.count, stem.endsInShortSyllable(at: stem.count) {
            stem.replace(last: 0, with: "e")
        }
    }

    private static let replacements: [(ending: String, with: String)] = [
        ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"),
        ("tional", "tion"), ("biliti", "ble"), ("lessli", "less"), ("entli", "ent"), ("ation", "ate"),
        ("alism", "al"), ("aliti", "al"), ("ousli", "ous"), ("iviti", "ive"), ("fulli", "ful"), ("enci", "ence"),
        ("anci", "ance"), ("abli", "able"), ("izer", "ize"), ("ator", "ate"), ("alli", "al"), ("bli", "ble"),
    ]

    private static func derived(_ stem: inout Stem, _ first: Int) {
        if let (ending, new) = replacements.first(where: { stem.ends(with: $0.ending) }) {
            if stem.ends(with: ending, from: first) { stem.replace(last: ending.count, with: new) }
        } else if stem.ends(with: "logi"), stem.ends(with: "ogi", from: first) {
            stem.drop(1)
        } else if stem.ends(with: "li", from: first), stem.count > 2, liEndings.contains(stem.letters[stem.count - 3]) {
            stem.drop(2)
        }
    }

    private static let furtherReplacements: [(ending: String, with: String)] = [
        ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"), ("ical", "ic"),
        ("ness", ""), ("ful", ""),
    ]

    private static func derivedAgain(_ stem: inout Stem, _ first: Int, _ second: Int) {
        if let (ending, new) = furtherReplacements.first(where: { stem.ends(with: $0.ending) }) {
            if stem.ends(with: ending, from: first) { stem.replace(last: ending.count, with: new) }
        } else {
            stem.drop("ative", from: second)
        }
    }

    private static let suffixes = Endings(
        "al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion")

    private static func suffix(_ stem: inout Stem, _ second: Int) {
        guard let ending = suffixes.longest(of: stem), stem.count - ending.count >= second else { return }
        if ending.elementsEqual("ion".unicodeScalars), !stem.ends(with: "sion"), !stem.ends(with: "tion") { return }
        stem.drop(ending.count)
    }

    private static func lastLetter(_ stem: inout Stem, _ first: Int, _ second: Int) {
        if stem.ends(with: "e") {
            let start = stem.count - 1
            if start >= second || (start >= first && !stem.endsInShortSyllable(at: start)) { stem.drop(1) }
        } else if stem.ends(with: "ll"), stem.count - 1 >= second {
            stem.drop(1)
        }
    }
}

extension Stem {
    /// Writes a `y` that stands for a consonant as `Y`: at the beginning, and after a vowel.
    fileprivate mutating func markConsonantY() {
        for index in letters.indices where letters[index] == "y" && (index == 0 || isVowel(at: index - 1)) {
            letters[index] = "Y"
        }
    }

    /// Whether what comes before `end` ends in a vowel between consonants, the last of them none of w, x and Y, or is a vowel and a
    /// consonant.
    fileprivate func endsInShortSyllable(at end: Int) -> Bool {
        guard end >= 2, !isVowel(at: end - 1), isVowel(at: end - 2) else { return false }
        if end == 2 { return true }
        return !isVowel(at: end - 3) && !["w", "x", "Y"].contains(letters[end - 1])
    }
}
