import FoundationEssentials
import SQL
import Web

/// What a person wishes for.
public struct APITokenWish: Decodable, Sendable {
    public var name: String
    public var scopes: [String]
    public var expiresInDays: Int

    public init(name: String, scopes: [String], expiresInDays: Int) {
        (self.name, self.scopes, self.expiresInDays) = (name, scopes, expiresInDays)
    }
}

/// A token that was made just now. Its text is known here and nowhere else.
public struct NewAPIToken: Sendable {
    public let token: APIToken
    public let text: String
}

/// Makes a token for a person.
public struct CreateAPIToken: Sendable {
    static let mostPerPerson = 50
    static let mostDays = 366
    private static let mostNameLength = 100

    let audit: AuditLog
    private let tokens = APITokenStore()
    private let users = UserStore()

    init(audit: AuditLog) { self.audit = audit }

    /// - Throws: a `Problem` that names what cannot be; `APITokenError.tooMany`; `AccountsError.notSignedIn` where the person may not be
    ///   here.
    public func callAsFunction(
        _ wish: APITokenWish, for person: UserID, by origin: AuditOrigin
    ) async throws -> NewAPIToken {
        let (name, scopes) = try Self.checked(wish)
        let secret = APITokenSecret()
        let moment = audit.now()
        let token = APIToken(
            id: APITokenID(), userID: person, name: name, scopes: scopes, createdAt: moment,
            expiresAt: moment + TimeInterval(wish.expiresInDays) * 86_400)
        try await audit.database.write { transaction in
            guard let user = try users.find(person, in: transaction), !user.isDisabled else {
                throw AccountsError.notSignedIn
            }
            // It would be of no use; what it may do is decided by the role of the moment all the same.
            if let beyond = scopes.first(where: { $0.leastRole > user.role }) {
                throw Problem.invalid(
                    field: "scopes", code: "not_allowed",
                    "A person with the role \(user.role.rawValue) has no use for the scope \(beyond.rawValue).")
            }
            guard try tokens.count(of: person, in: transaction) < Self.mostPerPerson else {
                throw APITokenError.tooMany
            }
            try tokens.insert(token, hash: secret.hash, in: transaction)
            try audit.record(
                AuditEvent(
                    .tokenCreated, of: AuditTarget(token), by: origin,
                    after: [.scopes: .names(scopes.map(\.rawValue)), .expiresAt: .time(token.expiresAt)]),
                in: transaction)
        }
        return NewAPIToken(token: token, text: secret.text)
    }

    private static func checked(_ wish: APITokenWish) throws -> (name: String, scopes: [TokenScope]) {
        var problems: [FieldProblem] = []
        let name = String(wish.name.trimmed)
        if name.isEmpty {
            problems.append(FieldProblem(field: "name", code: "required", detail: "A name is needed."))
        } else if name.count > mostNameLength || name.utf8.count > 4 * mostNameLength {
            problems.append(
                FieldProblem(field: "name", code: "too_long", detail: "At most \(mostNameLength) characters."))
        } else if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            problems.append(FieldProblem(field: "name", code: "invalid", detail: "No control characters."))
        }
        let known = TokenScope.allCases.filter { wish.scopes.contains($0.rawValue) }
        if known.isEmpty || known.count != wish.scopes.count {
            let names = TokenScope.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append(
                FieldProblem(field: "scopes", code: "invalid", detail: "One or more of \(names), each once."))
        }
        if !(1...mostDays).contains(wish.expiresInDays) {
            problems.append(
                FieldProblem(field: "expires_in_days", code: "out_of_range", detail: "Days, from 1 to \(mostDays)."))
        }
        guard problems.isEmpty else { throw Problem.invalid(problems) }
        return (name, known)
    }
}

extension AuditTarget {
    init(_ token: APIToken) { self.init(.token, id: "\(token.id)", name: token.name) }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
