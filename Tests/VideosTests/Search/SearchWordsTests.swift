import Testing

@testable import Videos

@Suite("Words as a search compares them")
struct SearchWordsTests {
    @Test(
        "Letters are folded, and words are cut where they end",
        arguments: [
            ("Cirugía ÑANDÚ", ["cirugia", "nandu"]), ("Cirugi\u{301}a", ["cirugia"]),
            ("Straße Œuvre", ["strasse", "oeuvre"]),
            ("Đặng Łódź", ["dang", "lodz"]), ("Ёлка, жёлтый", ["елка", "желтый"]), ("и\u{306}од Йод", ["йод", "йод"]),
            ("Ελλάς", ["ελλασ"]), ("don't surgeon’s O'Neill", ["don", "surgeon", "o", "neill"]),
            ("x-ray 2025/06", ["x", "ray", "2025", "06"]), ("", []), ("!?—", []), ("手術 🫀 heart", ["手術", "heart"]),
        ])
    func folding(text: String, words: [String]) {
        #expect(FoldedText(text).words.map(\.folded) == words)
    }

    @Test("Places are counted as JavaScript counts, and a long word is cut")
    func places() {
        let text = "🫀🫀 Café del corazón"
        let units = Array(text.utf16)
        let words = FoldedText(text).words.map { String(decoding: units[$0.range], as: UTF16.self) }
        #expect(words == ["Café", "del", "corazón"])
        #expect(FoldedText(String(repeating: "a", count: 500)).words.map(\.folded.count) == [FoldedText.longestWord])
        #expect(FoldedText("a b c d", mostWords: 2).words.map(\.folded) == ["a", "b"])
    }

    @Test(
        "Forms of an English word have one stem",
        arguments: [
            "operate operated operating operation operations", "valve valves", "hernia hernias", "run running runs",
            "suture sutures sutured suturing", "volcano volcanos", "study studies studied", "hope hoping hoped",
            "quick quickly", "relational relation", "generous generously", "agreed agree", "fall falling falls",
            "cry cries cried", "national nationally", "effective effectively effectiveness", "tie tying ties",
        ])
    func english(forms: String) {
        let stems = Set(forms.split(separator: " ").map { EnglishStemmer.stem(String($0)) })
        #expect(stems.count == 1, "\(stems)")
    }

    @Test(
        "Single English words, as the algorithm's description has them",
        arguments: [
            ("caresses", "caress"), ("ponies", "poni"), ("gas", "gas"), ("this", "this"), ("gaps", "gap"),
            ("kiwis", "kiwi"),
            ("luxuriate", "luxuri"), ("hopping", "hop"), ("hoping", "hope"), ("boy", "boy"), ("say", "say"),
            ("by", "by"),
            ("rational", "ration"), ("conditional", "condit"), ("hesitanci", "hesit"), ("digitizer", "digit"),
            ("skies", "sky"), ("news", "news"), ("inning", "inning"), ("geology", "geolog"), ("adoption", "adopt"),
            ("bled", "bled"), ("controlling", "control"), ("rate", "rate"), ("a", "a"), ("", ""),
        ])
    func englishWords(word: String, stem: String) {
        #expect(EnglishStemmer.stem(word) == stem)
    }

    @Test(
        "Forms of a Spanish word have one stem, with and without its accents",
        arguments: [
            "operación operaciones operar operado operando", "cirugía cirugías cirugia", "planeta planetas",
            "corazón corazones", "niño niña niños niñas", "lento lentamente lenta", "lección lecciones",
            "electricidad electricidades", "comer comiendo comido", "cantar cantarlo cantando", "servicio servicios",
            "historia historias", "biología biologías", "posible posibles posiblemente", "construyendo construyeron",
        ])
    func spanish(forms: String) {
        let stems = Set(FoldedText(forms).words.map { SpanishStemmer.stem($0.folded) })
        #expect(stems.count == 1, "\(stems)")
    }

    @Test(
        "Forms of a Russian word have one stem",
        arguments: [
            "операция операции операцию операций операциями", "сердце сердца сердцем",
            "хирург хирурга хирургу хирургом",
            "красивый красивая красивое красивого", "важность важности", "планета планеты планетой",
            "читал читала читали",
            "уравнение уравнения уравнений", "костёр костра", "длинный длинного", "учиться учится",
        ])
    func russian(forms: String) {
        let words = FoldedText(forms).words.map(\.folded)
        let stems = Set(words.map(RussianStemmer.stem))
        // A vowel that comes and goes within a stem is beyond endings.
        #expect(stems.count == (words.first == "костер" ? 2 : 1), "\(stems)")
    }

    @Test("Stemmers take any word, however short or strange")
    func anything() {
        let letters = ["a", "e", "y", "s", "gu", "ed", "ing", "li", "ion", "ya", "os", "и", "нн", "ость", "в", "ся"]
        for one in letters {
            for two in letters {
                for three in letters {
                    for stemmer in [EnglishStemmer.stem, SpanishStemmer.stem, RussianStemmer.stem] {
                        #expect(stemmer(one + two + three).count <= (one + two + three).count + 1)
                    }
                }
            }
        }
    }

    @Test(
        "A mistake is a letter too many, too few, another one, or two that have changed places",
        arguments: [
            ("hernia", "hernia", 0), ("hernia", "hernai", 1), ("hernia", "herna", 1), ("hernia", "herniaa", 1),
            ("hernia", "hermia", 1), ("hernia", "ehrnai", 2), ("", "abc", 3), ("abc", "", 3), ("abc", "xyz", 3),
        ])
    func mistakes(one: String, other: String, count: Int) {
        #expect(EditDistance.between(Array(one.unicodeScalars), Array(other.unicodeScalars)) == count)
    }
}
