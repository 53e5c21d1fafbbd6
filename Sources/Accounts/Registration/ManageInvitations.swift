import FoundationEssentials
import SQL
import Telemetry
import Web

/// What an administrator sends to invite somebody.
struct InvitationWish: Decodable, Sendable {
    var email: String?
    var role: Role
    var expiresInDays: Int
    var locale: String?
}

/// An invitation that was just made. Its link is known here, and in the mail.
struct IssuedInvitation: Sendable {
    let invitation: Invitation
    let link: String
    let wasMailed: Bool
}

/// Makes invitations, lists those that are good, and takes them back.
struct ManageInvitations: Sendable {
    static let most = 10_000
    static let longestDays = 365

    let database: Database
    let post: PostLetter
    let policy: RegistrationPolicy
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let invitations = InvitationStore()
    private let users = UserStore()

    init(
        database: Database, post: PostLetter, policy: RegistrationPolicy, audit: AuditLog, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.post = post
        self.policy = policy
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// - Throws: `Problem` that names each field that will not do, or where nobody could use it; `AccountsError.emailTaken`.
    func create(
        _ wish: InvitationWish, of maker: UserID, by origin: AuditOrigin
    ) async throws -> IssuedInvitation {
        guard policy != .closed else {
            throw Problem.conflict(
                code: "registration_closed",
                "Nobody can register here: PALCO_REGISTRATION is closed. Make the account yourself.")
        }
        guard (1...Self.longestDays).contains(wish.expiresInDays) else {
            throw Problem.invalid(
                field: "expires_in_days", code: "out_of_range", "From 1 to \(Self.longestDays) days.")
        }
        let email = try wish.email.map { text in
            guard let email = EmailAddress(text) else { throw AccountsError.invalidEmail }
            return email
        }
        if let locale = wish.locale { try PersonLocale.check(locale) }
        let (token, moment) = (LinkToken(), now())
        let lifetime = TimeInterval(wish.expiresInDays) * 86_400
        let invitation = Invitation(
            id: InvitationID(), email: email, role: wish.role, locale: wish.locale, createdBy: maker, createdAt: moment,
            expiresAt: moment + lifetime, wasMailed: email != nil && post.isPossible)
        let link = post.site.invitation(token)
        let wasMailed = try await database.write { transaction in
            if let email, try users.find(email: email, in: transaction) != nil { throw AccountsError.emailTaken }
            guard try invitations.count(in: transaction) < Self.most else {
                throw Problem.conflict(
                    code: "too_many_invitations", "There are \(Self.most) invitations, which is the most.")
            }
            try invitations.insert(invitation, tokenHash: token.hash, in: transaction)
            try audit.record(
                AuditEvent(
                    .invitationCreated, of: AuditTarget(invitation), by: origin,
                    after: [
                        .role: .role(invitation.role), .expiresAt: .time(invitation.expiresAt),
                        .wasMailed: .flag(invitation.wasMailed),
                    ]), in: transaction)
            guard let email else { return false }
            return try post(
                .invitation(link: link, lifetime: lifetime), to: email, locale: wish.locale, lifetime: lifetime,
                in: transaction)
        }
        log.info(
            "invitation made",
            ["invitation": "\(invitation.id)", "role": .string(wish.role.rawValue), "user_id": "\(maker)"])
        return IssuedInvitation(invitation: invitation, link: link, wasMailed: wasMailed)
    }

    /// - Throws: `RegistrationError.noSuchInvitation`.
    func find(_ token: LinkToken) async throws -> Invitation {
        let moment = now()
        let found = try await database.readOnce { try invitations.find(tokenHash: token.hash, at: moment, in: $0) }
        guard policy != .closed, let found else { throw RegistrationError.noSuchInvitation }
        return found
    }

    /// The newest first.
    func list(before cursor: InvitationID?, limit: Int) async throws -> [Invitation] {
        let moment = now()
        return try await database.read { try invitations.list(before: cursor, at: moment, limit: limit, in: $0) }
    }

    /// - Throws: `RegistrationError.noSuchInvitation`.
    func remove(_ id: InvitationID, by origin: AuditOrigin) async throws {
        try await database.write { transaction in
            guard let invitation = try invitations.find(id, in: transaction),
                try invitations.remove(id, in: transaction)
            else { throw RegistrationError.noSuchInvitation }
            try audit.record(
                AuditEvent(
                    .invitationRemoved, of: AuditTarget(invitation), by: origin,
                    before: [.role: .role(invitation.role), .expiresAt: .time(invitation.expiresAt)]), in: transaction)
        }
        log.info("invitation taken back", ["invitation": "\(id)"])
    }
}
