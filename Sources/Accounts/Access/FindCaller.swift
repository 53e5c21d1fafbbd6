import BaseEncoding
import FoundationEssentials
import HTTP
import Web

/// Finds out who sends a request.
public struct FindCaller: Sendable {
    let lookup: SessionLookup
    let tokens: AccessTokens
    let csrf: CSRFTokens
    let uses: SessionUses
    /// Nil where no proxy vouches for people.
    let proxyUsers: ProxyUsers?
    let duties: DutyRules
    let now: @Sendable () -> Date

    /// Enforces the access rules of all routes and leaves the `Caller` in the context.
    public var accessCheck: AccessCheck {
        AccessCheck(
            atOnce: { request, context, rule in
                guard case .remembered(let caller) = try recall(request) else { return false }
                try admit(caller, request, &context, rule)
                return true
            },
            { request, context, rule in try admit(try await identify(request), request, &context, rule) })
    }

    private func admit(
        _ caller: Caller?, _ request: Request, _ context: inout BaseContext, _ rule: AccessRule
    ) throws {
        try caller?.check(rule, request.method)
        context.values[Caller.self] = caller
        if let caller {
            uses.note(caller.sessionID, at: now(), from: context.remoteAddress.host)
            if !context.route.path.hasPrefix(Self.ownAccount) { try Self.checkDuties(of: caller) }
        }
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

    /// Who sends a request that no route's rule stands before: an API token needs the scope that the method asks for.
    ///
    /// - Throws: `AccountsError.invalidToken`, `csrfFailed`; `APITokenError`.
    public func callAsFunction(of request: Request) async throws -> Caller? {
        let caller = try await identify(request)
        try caller?.check(.signedIn, request.method)
        return caller
    }

    /// What in a request says who sends it.
    private enum Credential {
        case accessToken(String)
        /// Perhaps none of ours.
        case apiToken(String)
        case cookie(SessionSecret)
        case none
    }

    /// An access token or an API token, or else the cookie. A proxy's word stands between them.
    ///
    /// - Throws: `AccountsError.invalidToken` for a field that holds no token.
    private func credential(of request: Request) throws(AccountsError) -> Credential {
        if let field = request.headers[.authorization] {
            guard let token = Self.bearerToken(in: field) else { throw .invalidToken }
            return token.hasPrefix(APITokenSecret.prefix) ? .apiToken(token) : .accessToken(token)
        }
        return SessionCookies(for: request).secret(in: request).map(Credential.cookie) ?? .none
    }

    private enum Recalled {
        /// Nil for nobody.
        case remembered(Caller?)
        case mustBeFound
    }

    /// `identify` from memory alone. Who is not found there may be somebody all the same.
    private func recall(_ request: Request) throws -> Recalled {
        let (credential, moment) = (try credential(of: request), now())
        switch credential {
        case .accessToken(let token):
            guard let claims = tokens.remembered(token, at: moment),
                let session = lookup.remembered(claims.sid, at: moment), session.userID == claims.sub
            else { return .mustBeFound }
            return .remembered(caller(session, by: .bearer))
        case .apiToken(let token):
            guard let session = lookup.remembered(apiToken: token, at: moment) else { return .mustBeFound }
            return .remembered(caller(session, by: .bearer))
        case .cookie where proxyUsers != nil, .none where proxyUsers != nil: return .mustBeFound
        case .cookie(let secret):
            guard let session = lookup.remembered(cookie: secret, at: moment) else { return .mustBeFound }
            return .remembered(try browser(with: session, by: .cookie, request))
        case .none: return .remembered(nil)
        }
    }

    /// Nil for nobody; a token that is not good is an error, an old cookie is not.
    private func identify(_ request: Request) async throws -> Caller? {
        let credential = try credential(of: request)
        switch credential {
        case .accessToken(let token): return try await self(accessToken: token)
        case .apiToken(let token):
            guard let secret = APITokenSecret(token),
                let session = try await lookup.session(apiToken: secret, sentAs: token, at: now())
            else { throw AccountsError.invalidToken }
            return caller(session, by: .bearer)
        case .cookie, .none:
            if let session = try await proxyUsers?.session(of: request) {
                return try browser(with: session, by: .proxy, request)
            }
        }
        guard case .cookie(let secret) = credential, let session = try await lookup.session(cookie: secret, at: now())
        else { return nil }
        return try browser(with: session, by: .cookie, request)
    }

    /// Browsers send some credentials by themselves, whoever made the page: what changes something needs our pages' word as well.
    private func browser(
        with session: Session, by credential: Caller.Credential, _ request: Request
    ) throws -> Caller {
        if !Self.safeMethods.contains(request.method) { try csrf.check(request, session.id) }
        return caller(session, by: credential)
    }

    /// Who holds an access token, for doors where it comes by another way than the header.
    ///
    /// - Throws: `AccountsError.invalidToken`.
    public func callAsFunction(accessToken: String) async throws -> Caller {
        let moment = now()
        guard let claims = try await tokens.find(accessToken, at: moment),
            let session = try await lookup.session(claims.sid, at: moment), session.userID == claims.sub
        else { throw AccountsError.invalidToken }
        return caller(session, by: .bearer)
    }

    /// The same for doors of other rooms that are behind no access rule.
    ///
    /// - Throws: `AccountsError.dutyFirst` as well.
    public func withoutDuty(of request: Request) async throws -> Caller? {
        let caller = try await self(of: request)
        if let caller { try Self.checkDuties(of: caller) }
        return caller
    }

    /// Who a caller is by now, mostly from memory; nil once the session is over, its person may not be here, or must do
    /// something else first.
    public func current(_ caller: Caller) async throws -> Caller? {
        let session =
            if case .token(let pass) = caller.credential {
                try await lookup.session(of: pass.id, at: now())
            } else {
                try await lookup.session(caller.sessionID, at: now())
            }
        guard let session else { return nil }
        let caller = self.caller(session, by: caller.credential)
        return caller.duties.isEmpty ? caller : nil
    }

    private func caller(_ session: Session, by credential: Caller.Credential) -> Caller {
        Caller(session, by: credential, duties: duties.duties(of: session.standing, at: now()))
    }

    /// What people do with their own account, duties among it.
    private static let ownAccount = "/api/v1/auth/"

    private static func checkDuties(of caller: Caller) throws {
        if let duty = caller.duties.first { throw AccountsError.dutyFirst(duty) }
    }

    private static let safeMethods: Set<Request.Method> = [.get, .head, .options]

    /// RFC 6750 2.1; the name of the scheme in any case (RFC 9110 11.1). It is looked at in each request of a program.
    static func bearerToken(in field: String) -> String? {
        let (scheme, space) = ("bearer".utf8, UInt8(ascii: " "))
        let rest = field.utf8.dropFirst(scheme.count)
        // Small letters differ from large ones in this bit.
        guard field.utf8.prefix(scheme.count).elementsEqual(scheme, by: { $0 | 0x20 == $1 }), rest.first == space else {
            return nil
        }
        let token = String(Substring(rest.drop { $0 == space }))
        // In one piece of memory, where it is looked through several times as fast.
        let hasSpace = token.utf8.withContiguousStorageIfAvailable { $0.contains(space) } ?? token.utf8.contains(space)
        return token.isEmpty || hasSpace ? nil : token
    }
}
