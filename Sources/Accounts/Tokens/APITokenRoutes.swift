import FoundationEssentials
import HTTP
import Web

/// A person's own tokens.
struct APITokenRoutes: Sendable {
    let list: ListAPITokens
    let create: CreateAPIToken
    let remove: RemoveAPIToken

    func add(to router: RouterBuilder) {
        let own = router.group(
            "/api/v1/auth/tokens", access: .inPerson, bodyLimit: 16 << 10, context: SignedInContext.self)
        own.get("") { _, context in
            // All of them are on one page.
            try .json(ListBody(data: try await list(of: context.userID).map { APITokenBody($0) }))
        }
        own.post("") { request, context in
            let wish = try await request.decode(APITokenWish.self, limit: 16 << 10)
            let made = try await create(wish, for: context.userID, by: context.auditOrigin)
            var response = try Response.json(APITokenBody(made.token, text: made.text), status: .created)
            response.headers[.cacheControl] = "private, no-store"
            return response
        }
        own.delete("/{id}", bodyLimit: 0) { _, context in
            guard let id = context.parameters["id"].flatMap({ APITokenID($0) }) else { throw APITokenError.notFound }
            try await remove(id, of: context.userID, by: context.auditOrigin)
            return .noContent
        }
    }
}

/// A token as JSON.
public struct APITokenBody: Encodable, Sendable {
    private let token: APIToken
    private let text: String?

    /// - Parameter text: its secret, when it was made just now.
    public init(_ token: APIToken, text: String? = nil) {
        self.token = token
        self.text = text
    }

    private enum CodingKeys: String, CodingKey { case id, name, scopes, createdAt, expiresAt, lastUsedAt, token }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(token.id, forKey: .id)
        try container.encode(token.name, forKey: .name)
        try container.encode(token.scopes, forKey: .scopes)
        try container.encode(token.createdAt, forKey: .createdAt)
        try container.encode(token.expiresAt, forKey: .expiresAt)
        // Written as null where it was not used yet.
        try container.encode(token.lastUsedAt, forKey: .lastUsedAt)
        try container.encodeIfPresent(text, forKey: .token)
    }
}
