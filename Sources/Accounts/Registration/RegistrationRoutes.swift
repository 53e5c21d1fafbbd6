import HTTP
import Web

extension RateLimit {
    /// Wishes for accounts and for new passwords: each costs hashing or a mail. A school that registers within minutes has one address.
    static let registration = RateLimit("registration", of: .address, burst: 120, interval: .seconds(5))
}

/// How one comes to an account, and back to one.
struct RegistrationRoutes: Sendable {
    let register: RegisterPerson
    let verify: VerifyRegistration
    let invitations: ManageInvitations
    let waiting: WaitingRegistrations
    let issueReset: IssuePasswordReset
    let reset: ResetPassword
    let options: AuthOptionsBody
    let answers: SessionAnswers

    func add(to router: RouterBuilder) {
        let open = router.group("/api/v1/auth", access: .public, bodyLimit: 16 << 10)
        open.get("/options") { _, _ in try .json(options) }
        open.post("/register", limit: .registration) { request, context in
            let wish = try await request.decode(RegistrationWish.self)
            switch try await register(wish, from: origin(request, context), network: context.remoteAddress.network) {
            case .waiting(let byMail):
                let status = byMail ? "verification_sent" : "verification_by_administrator"
                return try .json(StatusBody(status: status), status: .accepted)
            case .admitted(let issued):
                var response = try answers.begun(issued, for: request)
                response.status = .created
                return response
            }
        }
        open.post("/verify", limit: .signIn) { request, context in
            let body = try await request.decode(VerifyBody.self)
            let issued = try await verify(
                LinkToken(body.token), password: body.password, from: origin(request, context),
                network: context.remoteAddress.network)
            return try answers.begun(issued, for: request)
        }
        open.get("/invitations/{token}", limit: .signIn) { _, context in
            let token = LinkToken(try context.parameters.require("token"))
            return try .json(OfferedInvitationBody(invitation: try await invitations.find(token)))
        }
        open.post("/password/forgot", limit: .registration) { request, context in
            let body = try await request.decode(ForgotPasswordBody.self)
            let isMailed = try await issueReset(byAddress: body.email, from: context.remoteAddress)
            return try .json(
                StatusBody(status: isMailed ? "reset_sent" : "reset_by_administrator"), status: .accepted)
        }
        open.post("/password/reset", limit: .signIn) { request, context in
            let body = try await request.decode(ResetPasswordBody.self)
            try await reset(LinkToken(body.token), password: body.password, from: context.remoteAddress)
            return .noContent
        }
        let admin = router.group(
            "/api/v1/admin", access: .role(Role.admin.rawValue), bodyLimit: 16 << 10, context: SignedInContext.self)
        addAdministration(to: admin)
    }

    private func addAdministration(to admin: RouterGroup<SignedInContext>) {
        admin.get("/invitations") { request, _ in
            let page = try PageQuery(request) { InvitationID($0) }
            let found = try await invitations.list(before: page.cursor, limit: page.limit + 1)
            return try .json(page.body(found, { InvitationBody($0) }) { $0.id.description })
        }
        admin.post("/invitations") { request, context in
            let wish = try await request.decode(InvitationWish.self)
            let issued = try await invitations.create(wish, of: context.userID, by: context.auditOrigin)
            return try .json(InvitationBody(issued), status: .created)
        }
        admin.delete("/invitations/{id}") { _, context in
            guard let id = InvitationID(try context.parameters.require("id")) else {
                throw RegistrationError.noSuchInvitation
            }
            try await invitations.remove(id, by: context.auditOrigin)
            return .noContent
        }
        admin.get("/verifications") { request, _ in
            let page = try PageQuery(request) { RegistrationID($0) }
            let found = try await waiting.list(before: page.cursor, limit: page.limit + 1)
            return try .json(page.body(found, WaitingRegistrationBody.init) { $0.id.description })
        }
        admin.post("/verifications/{id}/link") { _, context in
            guard let id = RegistrationID(try context.parameters.require("id")) else {
                throw RegistrationError.noSuchRegistration
            }
            return try .json(LinkBody(link: try await waiting.newLink(for: id, by: context.auditOrigin)))
        }
    }

    private func origin(_ request: Request, _ context: BaseContext) -> SessionOrigin {
        SessionOrigin(
            address: context.remoteAddress.host, device: DeviceName(userAgent: request.headers[.userAgent]))
    }
}
