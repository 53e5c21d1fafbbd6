/// Stems of Spanish words, after Snowball's algorithm (snowballstem.org/algorithms/spanish), for words without accents: people leave
/// them out when they search, so what an accent would tell is not used.
enum SpanishStemmer {
    private static let vowels: Set<Unicode.Scalar> = ["a", "e", "i", "o", "u"]

    static func stem(_ word: String) -> String {
        var stem = Stem(word, vowels: vowels)
        guard stem.count > 3 else { return word }
        let (verb, first) = (verbRegion(of: stem), stem.region())
        let second = stem.region(after: first)
        pronoun(&stem, verb)
        if !suffix(&stem, first, second), !verbWithY(&stem, verb) { verbEnding(&stem, verb) }
        residue(&stem, verb)
        return stem.text
    }

    /// Where endings of verbs may begin, which is called RV.
    private static func verbRegion(of stem: Stem) -> Int {
        let isLaterVowel = { (index: Int) in stem.isVowel(at: index) }
        if !stem.isVowel(at: 1) {
            return (2..<stem.count).first(where: isLaterVowel).map { $0 + 1 } ?? stem.count
        }
        if stem.isVowel(at: 0) {
            return (2..<stem.count).first { !stem.isVowel(at: $0) }.map { $0 + 1 } ?? stem.count
        }
        return 3
    }

    private static let pronouns = Endings("me se sela selo selas selos la le lo las les los nos")
    private static let beforePronouns = Endings("ando iendo ar er ir")

    private static func pronoun(_ stem: inout Stem, _ verb: Int) {
        guard let ending = pronouns.longest(of: stem, from: verb) else { return }
        var rest = stem
        rest.drop(ending.count)
        if beforePronouns.longest(of: rest, from: verb) != nil || rest.ends(with: "uyendo", from: verb - 1) {
            stem = rest
        }
    }

    private static let plainSuffixes = Endings(
        """
        anza anzas ico ica icos icas ismo ismos able ables ible ibles ista istas oso osa osos osas amiento amientos \
        imiento imientos
        """)
    private static let agents = Endings("adora ador acion adoras adores aciones ante antes ancia ancias")
    private static let others = Endings(
        "logia logias ucion uciones encia encias amente mente idad idades iva ivo ivas ivos")

    private static func suffix(_ stem: inout Stem, _ first: Int, _ second: Int) -> Bool {
        let plain = plainSuffixes.longest(of: stem)
        let agent = agents.longest(of: stem)
        let other = others.longest(of: stem)
        let length = [plain, agent, other].compactMap { $0?.count }.max() ?? 0
        guard length > 0 else { return false }
        if plain?.count == length { return plainSuffixes.drop(from: &stem, in: second) }
        if agent?.count == length {
            guard agents.drop(from: &stem, in: second) else { return false }
            stem.drop("ic", from: second)
            return true
        }
        return other.map { self.other(String(String.UnicodeScalarView($0)), &stem, first, second) } ?? false
    }

    private static func other(_ ending: String, _ stem: inout Stem, _ first: Int, _ second: Int) -> Bool {
        guard stem.ends(with: ending, from: ending == "amente" ? first : second) else { return false }
        switch ending {
        case "logia", "logias": stem.replace(last: ending.count, with: "log")
        case "ucion", "uciones": stem.replace(last: ending.count, with: "u")
        case "encia", "encias": stem.replace(last: ending.count, with: "ente")
        case "amente":
            stem.drop(ending.count)
            if stem.drop("iv", from: second) {
                stem.drop("at", from: second)
            } else {
                _ = ["os", "ic", "ad"].contains { stem.drop($0, from: second) }
            }
        case "mente":
            stem.drop(ending.count)
            _ = ["ante", "able", "ible"].contains { stem.drop($0, from: second) }
        case "idad", "idades":
            stem.drop(ending.count)
            _ = ["abil", "ic", "iv"].contains { stem.drop($0, from: second) }
        default:
            stem.drop(ending.count)
            stem.drop("at", from: second)
        }
        return true
    }

    private static let endingsWithY = Endings("ya ye yan yen yeron yendo yo yas yes yais yamos")

    private static func verbWithY(_ stem: inout Stem, _ verb: Int) -> Bool {
        guard let ending = endingsWithY.longest(of: stem, from: verb),
            stem.count > ending.count, stem.letters[stem.count - ending.count - 1] == "u"
        else { return false }
        stem.drop(ending.count)
        return true
    }

    private static let plurals = Endings("en es eis emos")
    // Without the ending of `operó`: it would be taken off `servicio`, which is no verb, and left on `servicios`.
    private static let verbEndings = Endings(
        """
        arian arias aran aras ariais aria areis ariamos aremos ara are erian erias eran eras eriais eria ereis eriamos \
        eremos era ere irian irias iran iras iriais iria ireis iriamos iremos ira ire aba ada ida ia iera ad ed id ase \
        iese aste iste an aban ian ieran asen iesen aron ieron ado ido ando iendo ar er ir as abas adas idas ias ieras \
        ases ieses is ais abais iais arais ierais aseis ieseis asteis isteis ados idos amos abamos iamos imos aramos \
        ieramos iesemos asemos
        """)

    private static func verbEnding(_ stem: inout Stem, _ verb: Int) {
        let (plural, ending) = (plurals.longest(of: stem, from: verb), verbEndings.longest(of: stem, from: verb))
        if let ending, ending.count >= plural?.count ?? 0 {
            stem.drop(ending.count)
        } else if let plural {
            stem.drop(plural.count)
            if stem.ends(with: "gu"), stem.count > verb { stem.drop(1) }
        }
    }

    private static let residues = Endings("os a o i")

    private static func residue(_ stem: inout Stem, _ verb: Int) {
        if residues.drop(from: &stem, in: verb) { return }
        if stem.drop("e", from: verb), stem.ends(with: "gu"), stem.count > verb { stem.drop(1) }
    }
}
