/// A word while a stemmer takes its endings off. Stemmers see folded words: small letters without accents.
///
/// The algorithms are those of Snowball (snowballstem.org) in that they take the same endings off in the same regions of a word.
/// R1 is what follows the first consonant after a vowel, R2 the same within R1.
struct Stem {
    typealias Letters = [Unicode.Scalar]

    var letters: Letters
    private let isVowel: (Unicode.Scalar) -> Bool

    init(_ word: String, vowels: Set<Unicode.Scalar>) {
        letters = Array(word.unicodeScalars)
        isVowel = { vowels.contains($0) }
    }

    var text: String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: letters)
        return String(scalars)
    }

    var count: Int { letters.count }

    func isVowel(at index: Int) -> Bool { letters.indices.contains(index) && isVowel(letters[index]) }

    /// Where the region begins that follows the first consonant after a vowel, from `start` on.
    func region(after start: Int = 0) -> Int {
        guard let vowel = (start..<max(start, count)).first(where: isVowel(at:)),
            let consonant = (vowel..<count).first(where: { !isVowel(at: $0) })
        else { return count }
        return consonant + 1
    }

    /// Whether the word ends so, and the ending lies in the region that begins at `start`.
    func ends(with ending: Letters, from start: Int = 0) -> Bool {
        count - ending.count >= start && letters.suffix(ending.count).elementsEqual(ending)
    }

    func ends(with ending: String, from start: Int = 0) -> Bool {
        ends(with: Array(ending.unicodeScalars), from: start)
    }

    mutating func drop(_ length: Int) { letters.removeLast(min(length, count)) }

    /// Takes the ending off where the word has it in the region.
    @discardableResult
    mutating func drop(_ ending: String, from start: Int = 0) -> Bool {
        guard ends(with: ending, from: start) else { return false }
        drop(ending.unicodeScalars.count)
        return true
    }

    mutating func replace(last length: Int, with ending: String) {
        drop(length)
        letters += Array(ending.unicodeScalars)
    }
}

/// Endings of which a word is to have the longest.
struct Endings {
    private let longestFirst: [Stem.Letters]

    /// - Parameter list: separated by spaces.
    init(_ list: String) {
        longestFirst = list.split { $0 == " " || $0 == "\n" }.map { Array($0.unicodeScalars) }.sorted {
            $0.count > $1.count
        }
    }

    /// The longest that the word ends with in the region from `start` on.
    func longest(of stem: Stem, from start: Int = 0) -> Stem.Letters? {
        longestFirst.first { stem.ends(with: $0, from: start) }
    }

    /// Takes the longest off.
    func drop(from stem: inout Stem, in start: Int) -> Bool {
        guard let ending = longest(of: stem, from: start) else { return false }
        stem.drop(ending.count)
        return true
    }
}
