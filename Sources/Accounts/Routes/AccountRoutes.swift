import FoundationEssentials
import HTTP
import Identifiers
import Web

extension RateLimit {
    /// Passwords and refresh tokens, right ones as well: they cost hashing or a write. A school whose pupils all sign in
    /// within minutes has one address.
    static let signIn = RateLimit("sign_in", of: .address, burst: 600, interval: .milliseconds(100))
}

/// `/api/v1/auth/…`: signing in, and what a person does with their own account.
struct AccountRoutes: Sendable {
    let signIn: SignIn
    let refresh: RefreshSession
    let renew: RenewSession
    let endSession: EndSession
    let listSessions: ListSessions
    let changePassword: ChangePassword
    let changeProfile: ChangeProfile
    let findPerson: FindPerson
    let removeOwn: RemoveOwnAccount
    let answers: SessionAnswers

    func add(to router: RouterBuilder) {
        router.openToOtherOrigins(sent: [.csrfToken])
        let open = router.group("/api/v1/auth", access: .public, limit: .signIn, bodyLimit: 16 << 10)
        open.post("/login") { request, context in try await login(request, context) }
        open.post("/refresh") { request, context in
            let body = try await request.decode(RefreshBody.self, limit: 16 << 10)
            let result = try await refresh(body.refreshToken, from: context.remoteAddress)
            return try answers.tokens(result.accessToken, result.refreshSecret, result.user)
        }

        let own = router.group("/api/v1/auth", access: .inPerson, bodyLimit: 16 << 10, context: SignedInContext.self)
        own.post("/logout") { request, context in try await logout(request, context) }
        own.post("/password") { request, context in try await changePassword(request, context) }
        own.get("/me", access: .signedIn) { request, context in try await showMe(request, context) }
        own.patch("/me") { request, context in
            let change = try await request.decode(ProfileChange.self)
            return try .json(answers.body(of: try await changeProfile(of: context.userID, change)))
        }
        own.get("/me/removal") { _, context in
            let (user, belongings) = try await removeOwn.preview(of: context.signedIn)
            return try .json(RemovalBody(user, belongings))
        }
        own.delete("/me") { request, context in
            let proof = try await request.decode(ProveOwner.Proof.self)
            try await removeOwn(proof, of: context.signedIn, from: context.remoteAddress)
            var response = Response.noContent
            SessionCookies(for: request).clear(on: &response)
            return response
        }
        own.get("/sessions") { _, context in
            let shown = try await listSessions(of: context.userID)
            return try .json(ListBody(data: shown.map { SessionBody($0, current: context.signedIn.sessionID) }))
        }
        own.delete("/sessions/{id}") { request, context in
            guard let id = SessionID(try context.parameters.require("id")) else { throw AccountsError.noSuchSession }
            try await endSession.one(id, of: context.userID, by: context.auditOrigin)
            var response = Response.noContent
            if id == context.signedIn.sessionID { SessionCookies(for: request).clear(on: &response) }
            return response
        }
    }

    private func login(_ request: Request, _ context: BaseContext) async throws -> Response {
        let body = try await request.decode(SignInBody.self, limit: 16 << 10)
        let cookies = SessionCookies(for: request)
        let result = try await signIn(
            Credentials(
                email: body.email, password: body.password, code: body.otp, address: context.remoteAddress,
                device: DeviceName(userAgent: request.headers[.userAgent]),
                deviceToken: request.cookies[SessionCookies.device], replaced: cookies.secret(in: request)))
        var response = try answers.begun(result.issued, for: request)
        cookies.remember(device: result.deviceToken, on: &response, lifetime: answers.deviceLifetime)
        return response
    }

    private func logout(_ request: Request, _ context: SignedInContext) async throws -> Response {
        let body = try await request.decodeIfPresent(SignOutBody.self)
        if body?.everywhere == true {
            try await endSession.all(of: context.userID, by: context.auditOrigin)
        } else {
            try await endSession(context.signedIn.sessionID, of: context.userID, by: context.auditOrigin)
        }
        var response = Response.noContent
        SessionCookies(for: request).clear(on: &response)
        return response
    }

    private func changePassword(_ request: Request, _ context: SignedInContext) async throws -> Response {
        let body = try await request.decode(ChangePasswordBody.self, limit: 16 << 10)
        let origin = SessionOrigin(
            address: context.remoteAddress.host, device: DeviceName(userAgent: request.headers[.userAgent]))
        let issued = try await changePassword(
            of: context.signedIn, current: body.currentPassword, new: body.newPassword, from: origin)
        return try answers.begunAnew(issued, for: request, by: context.signedIn.credential)
    }

    /// Also where a browser's session is kept alive.
    private func showMe(_ request: Request, _ context: SignedInContext) async throws -> Response {
        guard let user = try await findPerson(context.userID) else { throw AccountsError.notSignedIn }
        var response = try Response.json(answers.body(of: user))
        let cookies = SessionCookies(for: request)
        if context.signedIn.credential == .proxy {
            cookies.set(on: &response, csrfToken: answers.csrf.token(for: context.signedIn.sessionID))
        }
        guard context.signedIn.credential == .cookie, let secret = cookies.secret(in: request) else { return response }
        if let (session, secret) = try await renew(context.signedIn.sessionID, secret) {
            answers.set(secret, of: session, on: &response, cookies)
        } else if request.cookies[SessionCookies.csrf] == nil,
            let session = try await renew.lookup.session(context.signedIn.sessionID, at: renew.now())
        {
            answers.set(secret, of: session, on: &response, cookies)
        }
        return response
    }
}

/// How a client is told of the session that it has from now on.
struct SessionAnswers: Sendable {
    let csrf: CSRFTokens
    let duties: DutyRules
    /// Seconds, as the others.
    let accessTokenLifetime: TimeInterval
    let deviceLifetime: TimeInterval
    let now: @Sendable () -> Date

    /// Tokens for a program, cookies for a browser: a client takes what it needs.
    func begun(_ issued: IssuedSession, for request: Request) throws -> Response {
        var response = try tokens(issued.accessToken, issued.refreshSecret, issued.user)
        set(issued.cookieSecret, of: issued.session, on: &response, SessionCookies(for: request))
        return response
    }

    /// To a client that had a session: what it had it gets again.
    func begunAnew(_ issued: IssuedSession, for request: Request, by credential: Caller.Credential) throws -> Response {
        guard credential == .cookie else { return try tokens(issued.accessToken, issued.refreshSecret, issued.user) }
        var response = Response.noContent
        set(issued.cookieSecret, of: issued.session, on: &response, SessionCookies(for: request))
        return response
    }

    /// The same, where there is more to tell.
    ///
    /// - Parameter body: of the answer, which holds the tokens. A page has no use for them, and what it does not get cannot be
    ///   taken from it.
    func begunAnew<Body: Encodable>(
        _ issued: IssuedSession, for request: Request, by credential: Caller.Credential,
        _ body: (TokensBody?) -> Body
    ) throws -> Response {
        guard credential == .cookie else {
            return try .json(body(tokensBody(issued.accessToken, issued.refreshSecret, issued.user)))
        }
        var response = try Response.json(body(nil))
        set(issued.cookieSecret, of: issued.session, on: &response, SessionCookies(for: request))
        return response
    }

    func set(_ secret: SessionSecret, of session: Session, on response: inout Response, _ cookies: SessionCookies) {
        cookies.set(
            on: &response, secret, csrfToken: csrf.token(for: session.id),
            lifetime: session.expiresAt.timeIntervalSince(now()))
    }

    func tokens(_ accessToken: String, _ refresh: SessionSecret, _ user: User) throws -> Response {
        try .json(tokensBody(accessToken, refresh, user))
    }

    private func tokensBody(_ accessToken: String, _ refresh: SessionSecret, _ user: User) -> TokensBody {
        TokensBody(
            accessToken: accessToken, expiresIn: Int(accessTokenLifetime), refreshToken: refresh.text,
            user: body(of: user))
    }

    /// To the person themselves.
    func body(of user: User) -> UserBody { UserBody(user, duties: duties.duties(of: user.standing, at: now())) }
}
