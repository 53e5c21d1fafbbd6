import Web

/// What a new password must be. Passwords that exist are not judged.
public struct PasswordPolicy: Sendable {
    public enum Rule: String, Sendable, CaseIterable {
        /// Eight characters, of four kinds.
        case classes
        /// Fifteen characters of any kind (NIST SP 800-63B 5.1.1).
        case length
    }

    /// In bytes: long enough for any phrase, short enough to hash.
    public static let maximumByteCount = 1_024
    /// Fewer different characters than this are a pattern.
    private static let leastVariety = 5

    public let rule: Rule
    private let blocklist: PasswordBlocklist

    public init(_ rule: Rule = .classes, blocklist: PasswordBlocklist = .builtIn) {
        self.rule = rule
        self.blocklist = blocklist
    }

    /// In characters, as a person counts them.
    public var minimumLength: Int { rule == .classes ? 8 : 15 }

    /// What is wrong with a password, in codes that pages translate; empty when it will do.
    public func complaints(about password: String, field: String = "password") -> [FieldProblem] {
        var found: [FieldProblem] = []
        func complain(_ code: String, _ detail: String) {
            found.append(FieldProblem(field: field, code: code, detail: detail))
        }
        if password.count < minimumLength { complain("too_short", "At least \(minimumLength) characters.") }
        if password.utf8.count > Self.maximumByteCount {
            complain("too_long", "At most \(Self.maximumByteCount) bytes.")
        }
        if rule == .classes {
            if !password.contains(where: \.isUppercase) { complain("needs_upper", "At least one capital letter.") }
            if !password.contains(where: \.isLowercase) { complain("needs_lower", "At least one small letter.") }
            if !password.contains(where: \.isNumber) { complain("needs_digit", "At least one digit.") }
            if password.allSatisfy({ $0.isLetter || $0.isNumber }) {
                complain("needs_special", "At least one character that is neither letter nor digit.")
            }
        }
        if isCommon(password) { complain("too_common", "This is one of the first passwords that anyone would try.") }
        return found
    }

    private func isCommon(_ password: String) -> Bool {
        blocklist.isCommon(password) || rule == .length && Set(password).count < Self.leastVariety
    }
}
