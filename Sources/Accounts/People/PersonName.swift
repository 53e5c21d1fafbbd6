import Web

/// What a person is called, as it is shown: without spaces around it, one line.
struct PersonName: Sendable, Equatable {
    static let maximumLength = 200

    let text: String

    /// - Throws: `Problem` that names the field.
    init(_ text: String, field: String = "name") throws {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let name = String(trimmed)
        guard !name.isEmpty else { throw Problem.invalid(field: field, code: "required", "A name is needed.") }
        guard name.count <= Self.maximumLength, name.utf8.count <= 4 * Self.maximumLength else {
            throw Problem.invalid(field: field, code: "too_long", "At most \(Self.maximumLength) characters.")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw Problem.invalid(field: field, code: "invalid", "No control characters.")
        }
        self.text = name
    }
}

/// The language that pages and mails speak to a person.
enum PersonLocale {
    /// `en`, `es-MX`: the shape of a language tag (RFC 5646 2.1).
    ///
    /// - Throws: `Problem` that names the field.
    static func check(_ locale: String) throws {
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
