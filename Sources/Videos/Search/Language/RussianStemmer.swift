/// Stems of Russian words, after Snowball's algorithm (snowballstem.org/algorithms/russian). ё was folded into е before.
enum RussianStemmer {
    private static let vowels: Set<Unicode.Scalar> = ["а", "е", "и", "о", "у", "ы", "э", "ю", "я"]

    static func stem(_ word: String) -> String {
        var stem = Stem(word, vowels: vowels)
        // All endings lie behind the first vowel, which is called RV.
        guard let vowel = (0..<stem.count).first(where: stem.isVowel(at:)) else { return word }
        let start = vowel + 1
        let second = stem.region(after: stem.region())
        if !drop(gerundsAfterA, gerunds, from: &stem, in: start) {
            _ = reflexive.drop(from: &stem, in: start)
            if adjectives.drop(from: &stem, in: start) {
                _ = drop(participlesAfterA, participles, from: &stem, in: start)
            } else if !drop(verbsAfterA, verbs, from: &stem, in: start) {
                _ = nouns.drop(from: &stem, in: start)
            }
        }
        stem.drop("и", from: start)
        _ = derivational.drop(from: &stem, in: max(start, second))
        if superlative.drop(from: &stem, in: start) || stem.ends(with: "нн", from: start) {
            if stem.ends(with: "нн", from: start) { stem.drop(1) }
        } else {
            stem.drop("ь", from: start)
        }
        return stem.text
    }

    private static let gerundsAfterA = Endings("в вши вшись")
    private static let gerunds = Endings("ив ивши ившись ыв ывши ывшись")
    private static let reflexive = Endings("ся сь")
    private static let adjectives = Endings(
        "ее ие ые ое ими ыми ей ий ый ой ем им ым ом его ого ему ому их ых ую юю ая яя ою ею")
    private static let participlesAfterA = Endings("ем нн вш ющ щ")
    private static let participles = Endings("ивш ывш ующ")
    private static let verbsAfterA = Endings("ла на ете йте ли й л ем н ло но ет ют ны ть ешь нно")
    private static let verbs = Endings(
        """
        ила ыла ена ейте уйте ите или ыли ей уй ил ыл им ым ен ило ыло ено ят ует уют ит ыт ены ить ыть ишь ую ю
        """)
    private static let nouns = Endings(
        """
        а ев ов ие ье е иями ями ами еи ии и ией ей ой ий й иям ям ием ем ам ом о у ах иях ях ы ь ию ью ю ия ья я
        """)
    private static let derivational = Endings("ост ость")
    private static let superlative = Endings("ейш ейше")

    /// Takes off the longest of both kinds; those of the first must come after а or я, which stay.
    private static func drop(
        _ afterA: Endings, _ others: Endings, from stem: inout Stem, in start: Int
    ) -> Bool {
        let (one, other) = (afterA.longest(of: stem, from: start), others.longest(of: stem, from: start))
        if let one, one.count > other?.count ?? 0 {
            let before = stem.count - one.count - 1
            if before >= start, ["а", "я"].contains(stem.letters[before]) {
                stem.drop(one.count)
                return true
            }
        }
        guard let other else { return false }
        stem.drop(other.count)
        return true
    }
}
