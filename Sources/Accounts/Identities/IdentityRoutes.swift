import FoundationEssentials
import HTTP
import OpenIDConnect
import Reactor
import Web

extension RateLimit {
    /// Tokens that providers send, and strangers too: each costs a check of a signature.
    static let providerLogout = RateLimit("provider_logout", of: .address, burst: 100, interval: .milliseconds(200))
}

extension AccessRule {
    /// For nobody as well, who signs in by it; who is signed in links a provider by the same way. That is a way in, so a program with
    /// a token makes none.
    static let outsideSignIn = AccessRule.rule("outside_sign_in").inPerson
}

/// `/api/v1/auth/oidc/…`, `/api/v1/auth/identities` and `/.well-known/jwks.json`.
struct IdentityRoutes: Sendable {
    let begin: BeginOutsideSignIn
    let finish: FinishOutsideSignIn
    let endByProvider: EndByProvider
    let endOutside: EndOutsideSession
    let list: ListIdentities
    let unlink: UnlinkIdentity
    let providers: OutsideProviders
    let keyring: TokenKeyring
    let answers: SessionAnswers
    /// `https://video.example.org`, under which browsers reach this server; nil takes each request's own word for it.
    let address: String?

    func add(to router: RouterBuilder) {
        let outside = router.group(
            "/api/v1/auth/oidc", access: .outsideSignIn, limit: .signIn, bodyLimit: 0)
        outside.get("/{provider}") { request, context in try await self.go(request, context) }
        outside.get("/{provider}/callback") { request, context in try await self.comeBack(request, context) }
        router.post(
            "/api/v1/auth/oidc/{provider}/backchannel-logout", access: .public, limit: .providerLogout,
            bodyLimit: Self.mostLogoutBytes
        ) { request, context in try await self.endByProvider(request, context) }

        let own = router.group("/api/v1/auth", access: .inPerson, bodyLimit: 4_096, context: SignedInContext.self)
        own.post("/oidc/logout") { request, context in try await self.leave(request, context) }
        own.get("/identities") { _, context in
            let labels = Dictionary(providers.all.map { ($0.name, $0.label) }) { first, _ in first }
            return try .json(
                IdentitiesBody(data: try await list(of: context.userID).map { IdentityBody($0, labels[$0.provider]) }))
        }
        own.delete("/identities/{id}") { _, context in
            try await unlink(try context.parameters.require("id"), of: context.signedIn, by: context.auditOrigin)
            return .noContent
        }
        router.get(
            "/.well-known/jwks.json", access: .public, logged: false,
            atOnce: { _, _ in
                var response = try Response.json(keyring.published)
                response.headers[.cacheControl] = "public, max-age=300"
                return response
            })
    }

    private static let mostLogoutBytes = 32 << 10
    private static let fetchSite: FieldName = "Sec-Fetch-Site"
    private static let referer: FieldName = "Referer"

    private func go(_ request: Request, _ context: BaseContext) async throws -> Response {
        let provider = try context.parameters.require("provider")
        let query = request.query
        let next = query["next"].flatMap(OwnPath.init) ?? .home
        let cookie = AttemptCookie(for: request)
        let browser = cookie.secret(in: request) ?? SessionSecret()
        var linking: SessionID?
        if query["link"] == "1" {
            guard let caller = context.caller else { return Self.explained(.signInAgain) }
            guard try isFromOwnPage(request) else { throw AccountsError.csrfFailed }
            linking = caller.sessionID
        }
        do {
            let url = try await begin(
                provider, next: next, linking: linking, browser: browser,
                redirectURI: try redirectURI(provider, request))
            var response = Response.redirect(to: url, status: .found)
            cookie.set(browser, on: &response)
            return response
        } catch let problem as OutsideProblem {
            guard linking != nil else { return Self.explained(problem) }
            return .redirect(to: next.explaining(problem), status: .found)
        }
    }

    /// Another site must not have a person link what is not theirs. A link is a plain navigation, which brings no token, so the
    /// browser's own word is asked for; the page's policy lets it tell the page's address to this server and to no other.
    private func isFromOwnPage(_ request: Request) throws -> Bool {
        if let site = request.headers[Self.fetchSite] { return site == "same-origin" }
        guard let page = request.headers[Self.referer] else { return false }
        return page.hasPrefix(try ownAddress(request) + "/")
    }

    private func comeBack(_ request: Request, _ context: BaseContext) async throws -> Response {
        let provider = try providers.find(try context.parameters.require("provider")).name
        let query = request.query
        do {
            guard let state = query["state"], state.utf8.count <= AuthorizationAnswer.maximumLength,
                let browser = AttemptCookie(for: request).secret(in: request)
            else { throw OutsideProblem.attemptOver }
            let cookies = SessionCookies(for: request)
            let outcome = try await finish(
                FinishOutsideSignIn.Answer(
                    provider: provider, state: state, browser: browser,
                    authorization: AuthorizationAnswer(
                        code: query["code"], error: query["error"], issuer: query["iss"], deviceID: query["device_id"]),
                    redirectURI: try redirectURI(provider, request), caller: context.caller?.sessionID,
                    replaced: cookies.secret(in: request),
                    origin: SessionOrigin(
                        address: context.remoteAddress.host, device: DeviceName(userAgent: request.headers[.userAgent]))
                ))
            switch outcome {
            case .linked(let next): return .redirect(to: next.text, status: .found)
            case .notLinked(let problem, let next): return .redirect(to: next.explaining(problem), status: .found)
            case .signedIn(let issued, let next):
                var response = Response.redirect(to: next.text, status: .found)
                answers.set(issued.cookieSecret, of: issued.session, on: &response, cookies)
                return response
            }
        } catch let problem as OutsideProblem {
            return Self.explained(problem)
        }
    }

    private func endByProvider(_ request: Request, _ context: BaseContext) async throws -> Response {
        guard request.mediaType == "application/x-www-form-urlencoded" else {
            throw Problem(.unsupportedMediaType, code: "unsupported_media_type", detail: "Send a form.")
        }
        let body = try await request.body.collect(upTo: Self.mostLogoutBytes)
        let form = QueryParameters(parsing: String(decoding: body, as: UTF8.self))
        guard let token = form["logout_token"] else { throw AccountsError.badLogoutToken }
        try await endByProvider(try context.parameters.require("provider"), token: token)
        // OpenID Connect Back-Channel Logout 2.8.
        return Response(status: .ok, headers: [.cacheControl: "no-store"])
    }

    private func leave(_ request: Request, _ context: SignedInContext) async throws -> Response {
        let location = try await endOutside(context.signedIn, returningTo: try ownAddress(request) + "/sign-in")
        var response = try Response.json(LeaveBody(location: location))
        SessionCookies(for: request).clear(on: &response)
        return response
    }

    private func redirectURI(_ provider: String, _ request: Request) throws -> String {
        try ownAddress(request) + "/api/v1/auth/oidc/\(provider)/callback"
    }

    private func ownAddress(_ request: Request) throws -> String {
        if let address { return address }
        let host = request.host ?? "localhost"
        guard host.utf8.count <= 255, host.utf8.allSatisfy(Self.isHostByte) else {
            throw Problem.badRequest(code: "bad_host", "The request does not say under which name it came.")
        }
        return (request.isSecure ? "https://" : "http://") + host
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"),
            UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    /// The reason in our own word: what the provider said stands in the log.
    private static func explained(_ problem: OutsideProblem) -> Response {
        .redirect(to: "/sign-in?problem=\(problem.rawValue)", status: .found)
    }
}

/// Binds attempts to the browser that began them, so that nobody signs another person's browser in (RFC 9700 4.7). It comes back
/// with the navigation from the provider, which is why it is `Lax`.
struct AttemptCookie: Sendable {
    private let isSecure: Bool

    init(for request: Request) { isSecure = request.isSecure }

    var name: String { isSecure ? "__Host-palco_outside" : "palco_outside" }

    func secret(in request: Request) -> SessionSecret? {
        guard let secret = request.cookies[name], (32...128).contains(secret.utf8.count) else { return nil }
        return SessionSecret(secret)
    }

    func set(_ secret: SessionSecret, on response: inout Response) {
        response.set(
            Cookie(
                name: name, value: secret.text, maxAge: .seconds(OutsideAttempts.lifetime), isSecure: isSecure,
                isHTTPOnly: true))
    }
}

private struct IdentitiesBody: Encodable {
    let data: [IdentityBody]
}

private struct IdentityBody: Encodable {
    private let identity: Identity
    private let label: String

    /// - Parameter label: nil for a provider that is not set any more.
    init(_ identity: Identity, _ label: String?) {
        self.identity = identity
        self.label = label ?? identity.provider
    }

    private enum CodingKeys: String, CodingKey { case id, provider, label, email, createdAt, lastUsedAt }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(identity.id, forKey: .id)
        try container.encode(identity.provider, forKey: .provider)
        try container.encode(label, forKey: .label)
        // Written as null where there is none.
        try container.encode(identity.email, forKey: .email)
        try container.encode(identity.createdAt, forKey: .createdAt)
        try container.encode(identity.lastUsedAt, forKey: .lastUsedAt)
    }
}

private struct LeaveBody: Encodable {
    let location: String?

    private enum CodingKeys: String, CodingKey { case location }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(location, forKey: .location)
    }
}
