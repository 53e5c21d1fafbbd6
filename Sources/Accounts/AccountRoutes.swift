import FoundationEssentials
import HTTP
import Web

extension Accounts {
    // Closures here name `self` instead of listing it: with a capture list the compiler takes them for concurrent ones.

    /// `/api/v1/auth/…`. The builder must have been made with this object's `accessCheck`.
    public func addRoutes(to router: RouterBuilder) {
        let open = router.group("/api/v1/auth", access: .public, bodyLimit: 16 << 10)
        open.post("/login") { request, context in try await self.login(request, context) }
        open.post("/refresh") { request, _ in try await self.refresh(request) }

        let own = router.group("/api/v1/auth", access: .signedIn, bodyLimit: 16 << 10, context: SignedInContext.self)
        own.post("/logout") { _, context in try await self.logout(context) }
        own.post("/password") { request, context in try await self.changePassword(request, context) }
        own.get("/me") { request, context in try await self.showMe(request, context) }
        own.patch("/me") { request, context in
            let change = try await request.decode(ProfileChange.self)
            return try self.privateJSON(UserBody(try await self.changeProfile(of: context.userID, change)))
        }
    }

    private func login(_ request: Request, _ context: BaseContext) async throws -> Response {
        let body = try await request.decode(SignInBody.self, limit: 16 << 10)
        let result = try await signIn(email: body.email, password: body.password, from: context.remoteAddress.host)
        var response = try tokensResponse(result.accessToken, result.refreshSecret, result.user)
        SessionCookies.set(
            on: &response, secret: result.cookieSecret.text, csrfToken: csrfToken(for: result.session.id), settings)
        return response
    }

    private func refresh(_ request: Request) async throws -> Response {
        let body = try await request.decode(RefreshBody.self, limit: 16 << 10)
        let result = try await refresh(body.refreshToken)
        return try tokensResponse(result.accessToken, result.refreshSecret, result.user)
    }

    private func logout(_ context: SignedInContext) async throws -> Response {
        try await signOut(context.signedIn.sessionID, of: context.userID)
        var response = Response.noContent
        SessionCookies.clear(on: &response, settings)
        return response
    }

    private func changePassword(_ request: Request, _ context: SignedInContext) async throws -> Response {
        let body = try await request.decode(ChangePasswordBody.self, limit: 16 << 10)
        try await changePassword(of: context.signedIn, current: body.currentPassword, new: body.newPassword)
        return .noContent
    }

    /// Also where a browser's session is kept alive: past half of its life it begins anew.
    private func showMe(_ request: Request, _ context: SignedInContext) async throws -> Response {
        guard let user = try await user(context.userID) else { throw AccountsError.notSignedIn }
        var response = try privateJSON(UserBody(user))
        guard context.signedIn.credential == .cookie, let secret = request.cookies[SessionCookies.session],
            let session = try await lookup.session(context.signedIn.sessionID, at: now())
        else { return response }
        let isOld = session.expiresAt.timeIntervalSince(now()) < settings.sessionLifetime / 2
        if isOld { try await extend(session.id) }
        if isOld || request.cookies[SessionCookies.csrf] == nil {
            SessionCookies.set(on: &response, secret: secret, csrfToken: csrfToken(for: session.id), settings)
        }
        return response
    }

    private func tokensResponse(_ accessToken: String, _ refresh: SessionSecret, _ user: User) throws -> Response {
        try privateJSON(
            TokensBody(
                accessToken: accessToken, expiresIn: Int(settings.accessTokenLifetime), refreshToken: refresh.text,
                user: UserBody(user)))
    }

    private func privateJSON(_ body: some Encodable) throws -> Response {
        var response = try Response.json(body)
        response.headers[.cacheControl] = "no-store"
        return response
    }
}
