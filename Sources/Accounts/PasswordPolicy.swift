import Web

/// What a new password must be. Passwords that exist are not judged.
public struct PasswordPolicy: Sendable {
    public static let minimumLength = 8
    /// In bytes: long enough for any phrase, short enough to hash.
    public static let maximumByteCount = 1_024

    /// What is wrong with a password, in codes that pages translate; empty when it will do.
    public static func complaints(about password: String, field: String = "password") -> [FieldProblem] {
        var found: [FieldProblem] = []
        func complain(_ code: String, _ detail: String) {
            found.append(FieldProblem(field: field, code: code, detail: detail))
        }
        if password.count < minimumLength { complain("too_short", "At least \(minimumLength) characters.") }
        if password.utf8.count > maximumByteCount { complain("too_long", "At most \(maximumByteCount) bytes.") }
        if !password.contains(where: \.isUppercase) { complain("needs_upper", "At least one capital letter.") }
        if !password.contains(where: \.isLowercase) { complain("needs_lower", "At least one small letter.") }
        if !password.contains(where: \.isNumber) { complain("needs_digit", "At least one digit.") }
        if password.allSatisfy({ $0.isLetter || $0.isNumber }) {
            complain("needs_special", "At least one character that is neither letter nor digit.")
        }
        if isCommon(password) { complain("too_common", "This is one of the first passwords that anyone would try.") }
        return found
    }

    /// Whether little is left of a password once the usual decorations are undone.
    private static func isCommon(_ password: String) -> Bool {
        let undone: [Character: Character] = [
            "@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "5": "s", "$": "s", "7": "t",
        ]
        let core = password.lowercased()
        let letters = core.reversed().drop { !$0.isLetter }.reversed().drop { !$0.isLetter }
        let plain = String(letters.map { undone[$0] ?? $0 })
        let plainWhole = String(core.map { undone[$0] ?? $0 })
        return commonWords.contains(plain)
            || commonWords.contains { plainWhole.hasPrefix($0) && plainWhole.count <= $0.count + 2 }
    }

    private static let commonWords: Set<String> = [
        "password", "passwort", "passw", "pass", "passwd", "qwerty", "qwertz", "qwertyuiop", "azerty", "asdf", "asdfgh",
        "asdfghjkl", "zxcvbn", "zxcvbnm", "qazwsx", "abc", "abcd", "abcdef", "admin", "administrator", "root", "user",
        "guest", "test", "testing", "demo", "welcome", "letmein", "login", "secret", "changeme", "default", "iloveyou",
        "monkey", "dragon", "master", "sunshine", "princess", "football", "baseball", "superman", "batman", "shadow",
        "trustno", "hello", "freedom", "whatever", "starwars", "summer", "winter", "spring", "autumn", "january",
        "december", "monday", "friday", "company", "palco", "contrasena", "hola", "teamo", "parol", "пароль", "йцукен",
        "привет",
    ]
}
