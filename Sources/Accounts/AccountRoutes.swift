import FoundationEssentials
import HTTP
import Web

extension RateLimit {
    /// Passwords and refresh tokens, right ones as well: they cost hashing or a write. A school whose pupils all sign in
    /// within minutes has one address.
    static let signIn = RateLimit("sign_in", of: .address, burst: 600, interval: .milliseconds(100))
}

extension Accounts {
    // Closures here name `self` instead of listing it: with a capture list the compiler takes them for concurrent ones.

    /// `/api/v1/auth/…`. The builder must have been made with this object's `accessCheck`.
    public func addRoutes(to router: RouterBuilder) {
        router.openToOtherOrigins(sent: [.csrfToken])
        let open = router.group("/api/v1/auth", access: .public, limit: .signIn, bodyLimit: 16 << 10)
        open.post("/login") { request, context in try await self.login(request, context) }
        open.post("/refresh") { request, context in try await self.refresh(request, context) }

        let own = router.group("/api/v1/auth", access: .signedIn, bodyLimit: 16 << 10, context: SignedInContext.self)
        own.post("/logout") { request, context in try await self.logout(request, context) }
        own.post("/password") { request, context in try await self.changePassword(request, context) }
        own.get("/me") { request, context in try await self.showMe(request, context) }
        own.patch("/me") { request, context in
            let change = try await request.decode(ProfileChange.self)
            return try .json(UserBody(try await self.changeProfile(of: context.userID, change)))
        }
    }

    private func login(_ request: Request, _ context: BaseContext) async throws -> Response {
        let body = try await request.decode(SignInBody.self, limit: 16 << 10)
        let cookies = SessionCookies(for: request)
        let result = try await signIn(
            Credentials(
                email: body.email, password: body.password, address: context.remoteAddress,
                deviceToken: request.cookies[SessionCookies.device], replaced: cookies.secret(in: request)))
        var response = try tokensResponse(result.accessToken, result.refreshSecret, result.user)
        set(result.cookieSecret, of: result.session, on: &response, cookies)
        cookies.remember(device: result.deviceToken, on: &response, lifetime: settings.deviceLifetime)
        return response
    }

    private func refresh(_ request: Request, _ context: BaseContext) async throws -> Response {
        let body = try await request.decode(RefreshBody.self, limit: 16 << 10)
        let result = try await refresh(body.refreshToken, from: context.remoteAddress)
        return try tokensResponse(result.accessToken, result.refreshSecret, result.user)
    }

    private func logout(_ request: Request, _ context: SignedInContext) async throws -> Response {
        try await signOut(context.signedIn.sessionID, of: context.userID)
        var response = Response.noContent
        SessionCookies(for: request).clear(on: &response)
        return response
    }

    private func changePassword(_ request: Request, _ context: SignedInContext) async throws -> Response {
        let body = try await request.decode(ChangePasswordBody.self, limit: 16 << 10)
        let result = try await changePassword(
            of: context.signedIn, current: body.currentPassword, new: body.newPassword, from: context.remoteAddress)
        guard context.signedIn.credential == .cookie else {
            return try tokensResponse(result.accessToken, result.refreshSecret, result.user)
        }
        // A page has no use for tokens, and what it does not get cannot be taken from it.
        var response = Response.noContent
        set(result.cookieSecret, of: result.session, on: &response, SessionCookies(for: request))
        return response
    }

    /// Also where a browser's session is kept alive: past half of its life it begins anew.
    private func showMe(_ request: Request, _ context: SignedInContext) async throws -> Response {
        guard let user = try await user(context.userID) else { throw AccountsError.notSignedIn }
        var response = try Response.json(UserBody(user))
        let cookies = SessionCookies(for: request)
        guard context.signedIn.credential == .cookie, let secret = cookies.secret(in: request),
            let session = try await lookup.session(context.signedIn.sessionID, at: now())
        else { return response }
        let isOld = session.expiresAt.timeIntervalSince(now()) < settings.sessionLifetime / 2
        if isOld { try await extend(session.id) }
        if isOld || request.cookies[SessionCookies.csrf] == nil { set(secret, of: session, on: &response, cookies) }
        return response
    }

    private func set(
        _ secret: SessionSecret, of session: Session, on response: inout Response, _ cookies: SessionCookies
    ) {
        cookies.set(
            on: &response, secret, csrfToken: csrfToken(for: session.id), lifetime: settings.sessionLifetime)
    }

    private func tokensResponse(_ accessToken: String, _ refresh: SessionSecret, _ user: User) throws -> Response {
        try .json(
            TokensBody(
                accessToken: accessToken, expiresIn: Int(settings.accessTokenLifetime), refreshToken: refresh.text,
                user: UserBody(user)))
    }
}
