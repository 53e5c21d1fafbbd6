import Accounts
import FoundationEssentials
import Web

extension AccountCommands {
    /// - Parameter scopes: names, separated by commas.
    public func createToken(for email: String, name: String, scopes: String, days: Int) async throws -> String {
        let wish = APITokenWish(
            name: name, scopes: scopes.split(separator: ",").map(String.init), expiresInDays: days)
        let made = try await Server.withAccounts(settings) { accounts in
            try await accounts.createToken(wish, for: try await person(email, of: accounts).id, by: Self.origin)
        }
        return try answer(
            APITokenBody(made.token, text: made.text),
            "Token, shown this once: \(made.text)\nIt ends at \(InternetTime(made.token.expiresAt)).")
    }

    public func listTokens(of email: String) async throws -> String {
        let tokens = try await Server.withAccounts(settings) { accounts in
            try await accounts.listTokens(of: try await person(email, of: accounts).id)
        }
        let head = ["ID", "SCOPES", "ENDS", "LAST USED", "NAME"]
        return try answer(
            tokens.map { APITokenBody($0) },
            tokens.isEmpty
                ? "There is no token."
                : TextTable.aligned(
                    [head]
                        + tokens.map { token in
                            [
                                "\(token.id)", token.scopes.map(\.rawValue).joined(separator: ","),
                                InternetTime(token.expiresAt).description,
                                token.lastUsedAt.map { InternetTime($0).description } ?? "never", token.name,
                            ]
                        }))
    }

    public func removeToken(_ id: String) async throws -> String {
        guard let token = APITokenID(id) else { throw ServerError.account("\(id) is no id of a token") }
        try await Server.withAccounts(settings) { accounts in try await accounts.removeToken(token, by: Self.origin) }
        return "The token has ended."
    }

    /// - Parameters:
    ///   - filter: parameters as those of `GET /admin/audit`.
    ///   - write: takes the text, a piece at a time.
    public func exportAudit(
        as name: String, _ filter: [String: String], write: @Sendable (String) -> Void
    ) async throws {
        guard let format = AuditFormat(rawValue: name) else {
            throw ServerError.account("there is no format \(name): csv and jsonl are")
        }
        try await Server.withAccounts(settings) { accounts in
            let query = try AuditQuery { filter[$0] }
            let export = ExportAudit(accounts.audit)
            try await export.record(query, as: format, by: Self.origin)
            try await export(query, as: format) { write($0) }
        }
    }
}
