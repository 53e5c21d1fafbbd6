import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import Web

extension Accounts {
    /// Enforces the access rules of all routes and leaves the `Caller` in the context.
    public var accessCheck: AccessCheck {
        { request, context, rule in
            let caller = try await self.caller(of: request)
            context.values[Caller.self] = caller
            switch rule.kind {
            case .public: break
            // The room's policy decides about those who are nobody, too.
            case .rule: break
            case .signedIn:
                guard caller != nil else { throw AccountsError.notSignedIn }
            case .role:
                guard let caller else { throw AccountsError.notSignedIn }
                guard let least = Role(rawValue: rule.name), caller.role >= least else {
                    throw AccountsError.roleRequired
                }
            }
        }
    }

    /// Whom limits of an account count.
    public static let accountKey: AccountOf = { context in
        context.caller.map { AccountKey(high: $0.userID.high, low: $0.userID.low) }
    }

    /// Who sends a request: by its access token, or else by its cookie. Nil for nobody; an access token that is not good is
    /// an error, an old cookie is not.
    public func caller(of request: Request) async throws -> Caller? {
        if let field = request.headers[.authorization] {
            guard let token = Self.bearerToken(in: field) else { throw AccountsError.invalidToken }
            return try await caller(accessToken: token)
        }
        guard let secret = SessionCookies(for: request).secret(in: request),
            let session = try await lookup.session(tokenHash: secret.hash, at: now())
        else { return nil }
        if !Self.safeMethods.contains(request.method) { try checkCSRF(request, session.id) }
        return Caller(session, by: .cookie)
    }

    /// Who holds an access token, for doors where it comes by another way than the header.
    public func caller(accessToken: String) async throws -> Caller {
        let moment = now()
        guard
            let claims = try? tokens.verify(
                accessToken, as: AccessClaims.self, now: Int64(moment.timeIntervalSince1970)),
            let session = try await lookup.session(claims.sid, at: moment), session.userID == claims.sub
        else { throw AccountsError.invalidToken }
        return Caller(session, by: .bearer)
    }

    /// Belongs to one session and cannot be made by who does not hold our key.
    func csrfToken(for session: SessionID) -> String {
        Base64.url.encode(csrfKey.authenticationCode(for: Array(session.description.utf8)))
    }

    private func checkCSRF(_ request: Request, _ session: SessionID) throws {
        guard let sent = request.headers[.csrfToken], constantTimeEqual(sent, csrfToken(for: session)) else {
            throw AccountsError.csrfFailed
        }
    }

    private static let safeMethods: Set<Request.Method> = [.get, .head, .options]

    private static func bearerToken(in field: String) -> String? {
        let parts = field.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

extension FieldName {
    static var csrfToken: FieldName { "X-CSRF-Token" }
}
