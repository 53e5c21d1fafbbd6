import HTTP
import SQL
import Web

/// What a person may change about their own account. A field that is absent stays, `null` clears where that makes sense.
struct ProfileChange: Decodable {
    var name: String?
    var locale: String??

    private enum CodingKeys: String, CodingKey { case name, locale, role, email, disabled, password }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.role, .email, .disabled, .password] where container.contains(key) {
            throw Problem.invalid(field: key.stringValue, code: "not_changeable", "This cannot be changed here.")
        }
        name = try container.decodeIfPresent(String.self, forKey: .name)
        if container.contains(.locale) { locale = .some(try container.decodeIfPresent(String.self, forKey: .locale)) }
    }
}

extension Accounts {
    static let maximumNameLength = 200

    func changeProfile(of id: UserID, _ change: ProfileChange) async throws -> User {
        let name = try change.name.map(Self.checkedName)
        if case .some(.some(let locale)) = change.locale { try Self.checkLocale(locale) }
        let user: User? = try await database.write { [users] transaction in
            guard var user = try users.find(id, in: transaction) else { return nil }
            user.name = name ?? user.name
            if let locale = change.locale { user.locale = locale }
            try users.setProfile(id, name: user.name, locale: user.locale, in: transaction)
            return user
        }
        guard let user else { throw AccountsError.notSignedIn }
        return user
    }

    private static func checkedName(_ name: String) throws -> String {
        let trimmed = name.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let name = String(trimmed)
        guard !name.isEmpty else { throw Problem.invalid(field: "name", code: "required", "A name is needed.") }
        guard name.count <= maximumNameLength, name.utf8.count <= 4 * maximumNameLength else {
            throw Problem.invalid(field: "name", code: "too_long", "At most \(maximumNameLength) characters.")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw Problem.invalid(field: "name", code: "invalid", "No control characters.")
        }
        return name
    }

    /// `en`, `es-MX`: the shape of a language tag (RFC 5646 2.1).
    private static func checkLocale(_ locale: String) throws {
        let parts = locale.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let areAlphanumeric = parts.allSatisfy { part in
            (1...8).contains(part.count) && part.allSatisfy { Character(Unicode.Scalar($0)).isASCIIAlphanumeric }
        }
        guard locale.utf8.count <= 35, areAlphanumeric, (2...3).contains(parts.first?.count ?? 0) else {
            throw Problem.invalid(field: "locale", code: "invalid", "A language like en, es or ru.")
        }
    }
}

extension Character {
    fileprivate var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}
