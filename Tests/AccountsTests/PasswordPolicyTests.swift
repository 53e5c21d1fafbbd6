import Testing

@testable import Accounts

@Suite("What a new password must be")
struct PasswordPolicyTests {
    static let list = PasswordBlocklist(
        list: Array("123456\npassword\nmewtwo\r\nqwertyuiop123456\nhorse\nscarlett1\nиванова\n".utf8))

    private static func codes(_ policy: PasswordPolicy, _ password: String) -> [String] {
        policy.complaints(about: password).map(\.code)
    }

    @Test(
        "By classes: eight characters of four kinds",
        arguments: [
            ("Tr0mbone-kelp", []), ("Aa1-567", ["too_short"]), ("aa1-5678", ["needs_upper"]),
            ("AA1-5678", ["needs_lower"]), ("Aab-cdef", ["needs_digit"]), ("Aa345678", ["needs_special"]),
            ("", ["too_short", "needs_upper", "needs_lower", "needs_digit", "needs_special"]),
        ])
    func classes(password: String, expected: [String]) {
        #expect(Self.codes(PasswordPolicy(.classes), password) == expected)
    }

    @Test(
        "By length: fifteen characters of any kind, but no pattern",
        arguments: [
            ("fourteen chars", ["too_short"]), ("fifteen charact", []), ("слова без причуд", []),
            ("aaaaaaaaaaaaaaaaaaaa", ["too_common"]), ("abababcdcdcdabab", ["too_common"]),
            ("QWERTYUIOP123456", ["too_common"]), ("qwertyuiop123456!", ["too_common"]),
        ])
    func length(password: String, expected: [String]) {
        #expect(Self.codes(PasswordPolicy(.length, blocklist: Self.list), password) == expected)
    }

    @Test("A password has a longest length in bytes")
    func longest() {
        let policy = PasswordPolicy(.length)
        let phrase = String(repeating: "abcdefgh", count: 128)
        #expect(Self.codes(policy, phrase).isEmpty)
        #expect(Self.codes(policy, phrase + "i") == ["too_long"])
    }

    @Test(
        "What is on the list is refused, in any letters and with the usual decorations",
        arguments: ["Mewtwo1!", "M3wtw0#1", "--MEWTWO-1", "Scarlett1!", "Horse-771", "Иванова-1"])
    func listed(password: String) {
        #expect(PasswordBlocklist.builtIn.isCommon(password) == false)
        #expect(Self.list.isCommon(password))
    }

    @Test(
        "What only contains a word of the list is a password of its own",
        arguments: ["Horse-battery-9", "Correct-Horse-7", "8471-Horse-2260", "Mewtwo-and-Mew-1"])
    func containing(password: String) {
        #expect(Self.list.isCommon(password) == false)
    }

    @Test(
        "Without a list the words of the house are refused still",
        arguments: ["P@ssw0rd1!", "Summer2024!", "Qwerty-12"])
    func fallback(password: String) {
        #expect(PasswordBlocklist.builtIn.count == 0 && PasswordBlocklist.builtIn.isCommon(password))
        #expect(Self.list.count == 7 && Self.list.isCommon(password))
    }

    @Test("A list may be empty, without an end of line, or no text at all")
    func oddLists() {
        #expect(PasswordBlocklist(list: []).count == 0)
        #expect(PasswordBlocklist(list: Array("\n\n\r\n".utf8)).count == 0)
        #expect(PasswordBlocklist(list: Array("mewtwo".utf8)).isCommon("mewtwo"))
        #expect(PasswordBlocklist(list: [0xFF, 0xFE, 0x0A, 0x00]).count == 2)
    }
}
