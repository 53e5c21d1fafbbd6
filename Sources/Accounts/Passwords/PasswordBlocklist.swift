import Cryptography

/// Passwords that everybody tries first (NIST SP 800-63B 5.1.1.2). Of a list only eight bytes of a hash of each are kept: the
/// text of it is not needed, and they take a tenth of the memory.
public struct PasswordBlocklist: Sendable {
    /// A file with more is no list of passwords.
    static let maximumByteCount = 16 << 20

    /// In order.
    private let marks: [UInt64]

    /// Some words of the house, for where there is no list.
    public static let builtIn = PasswordBlocklist(marks: [])

    /// - Parameter list: one password a line, in UTF-8 and small letters.
    public init(list: [UInt8]) {
        let lines = list.prefix(Self.maximumByteCount).split { $0 == 0x0A || $0 == 0x0D }
        marks = Set(lines.map { Self.mark(Array($0)) }).sorted()
    }

    private init(marks: [UInt64]) { self.marks = marks }

    /// Without those of the house.
    public var count: Int { marks.count }

    /// Whether a password is one of them, in whatever letters, or little more than one once the usual decorations are undone.
    func isCommon(_ password: String) -> Bool {
        let whole = password.lowercased()
        let plain = Self.undone(whole)
        let core = Self.letters(of: whole)
        let plainCore = Self.undone(core)
        if Self.words.contains(plainCore) { return true }
        if Self.words.contains(where: { plain.hasPrefix($0) && plain.count <= $0.count + 2 }) { return true }
        guard !marks.isEmpty else { return false }
        for text in [whole, plain] where (0...2).contains(where: { contains(text.dropLast($0)) }) { return true }
        // What stands around a word is decoration while there is no more of it than of the word.
        guard core.count >= 4, whole.count <= 2 * core.count else { return false }
        return contains(core[...]) || contains(plainCore[...])
    }

    private func contains(_ text: Substring) -> Bool {
        let mark = Self.mark(Array(text.utf8))
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle] == mark { return true }
            if marks[middle] < mark { low = middle + 1 } else { high = middle }
        }
        return false
    }

    private static func mark(_ bytes: [UInt8]) -> UInt64 {
        SHA256.hash(bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// From the first letter to the last.
    private static func letters(of text: String) -> String {
        String(text.reversed().drop { !$0.isLetter }.reversed().drop { !$0.isLetter })
    }

    private static func undone(_ text: String) -> String {
        let meant: [Character: Character] = [
            "@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "5": "s", "$": "s", "7": "t",
        ]
        return String(text.map { meant[$0] ?? $0 })
    }

    private static let words: Set<String> = [
        "password", "passwort", "passw", "pass", "passwd", "qwerty", "qwertz", "qwertyuiop", "azerty", "asdf", "asdfgh",
        "asdfghjkl", "zxcvbn", "zxcvbnm", "qazwsx", "abc", "abcd", "abcdef", "admin", "administrator", "root", "user",
        "guest", "test", "testing", "demo", "welcome", "letmein", "login", "secret", "changeme", "default", "iloveyou",
        "monkey", "dragon", "master", "sunshine", "princess", "football", "baseball", "superman", "batman", "shadow",
        "trustno", "hello", "freedom", "whatever", "starwars", "summer", "winter", "spring", "autumn", "january",
        "december", "monday", "friday", "company", "palco", "contrasena", "hola", "teamo", "parol", "пароль", "йцукен",
        "привет",
    ]
}
