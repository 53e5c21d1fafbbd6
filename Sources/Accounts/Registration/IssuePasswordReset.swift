import FoundationEssentials
import Reactor
import SQL
import Telemetry

/// A link by which a person chooses a password.
struct IssuedReset: Sendable {
    /// For an administrator to hand on.
    let link: String
    /// It is on its way to the person, too.
    let wasMailed: Bool
}

/// Makes links by which people choose a password: for whoever asks for one by an address, and for administrators.
struct IssuePasswordReset: Sendable {
    let database: Database
    let post: PostLetter
    let allowance: LetterAllowance
    let settings: AccountsSettings
    let audit: AuditLog
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let resets = PasswordResetStore()

    init(
        database: Database, post: PostLetter, allowance: LetterAllowance, settings: AccountsSettings, audit: AuditLog,
        log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.post = post
        self.allowance = allowance
        self.settings = settings
        self.audit = audit
        self.log = log
        self.now = now
    }

    /// Mails a link to the person with this address, if there is one. Neither the answer nor its time tells whether there is.
    ///
    /// - Returns: false where no mail is set up: then nothing is done.
    /// - Throws: `AccountsError.invalidEmail`.
    func callAsFunction(byAddress text: String, from address: SocketAddress) async throws -> Bool {
        guard let email = EmailAddress(text) else { throw AccountsError.invalidEmail }
        guard post.isPossible else { return false }
        // Links that were sent before are still good.
        guard await allowance.takes(email) else {
            log.warning("too many wishes for a new password of one address: no further mail is sent to it")
            return true
        }
        let (token, moment, lifetime) = (LinkToken(), now(), settings.resetLifetime)
        let letter = Letter.passwordReset(link: post.site.reset(token), lifetime: lifetime)
        try await database.write { transaction in
            let user = try users.find(email: email, in: transaction).flatMap { $0.isDisabled ? nil : $0 }
            try resets.insert(
                hash: token.hash, of: user?.id, wasMailed: true, at: moment, until: moment + lifetime, in: transaction)
            if let user {
                try post(letter, to: user, lifetime: lifetime, in: transaction)
            } else {
                try post(letter, to: email, locale: nil, lifetime: lifetime, isSent: false, in: transaction)
            }
        }
        // Counted, as all that strangers cause: so it takes the same time for every address, too.
        audit.count(
            AuditEvent(.resetLinkRequested, of: .account(email), by: AuditOrigin(.stranger, from: address)))
        return true
    }

    /// For an administrator. The person is sent the link as well, where mail is set up.
    ///
    /// - Parameter isFirst: the account is new, and has no password yet.
    func callAsFunction(
        for user: User, isFirst: Bool = false, by origin: AuditOrigin
    ) async throws -> IssuedReset {
        let (token, moment) = (LinkToken(), now())
        let lifetime = isFirst ? settings.firstPasswordLifetime : settings.issuedResetLifetime
        let link = post.site.reset(token)
        let letter: Letter =
            isFirst ? .firstPassword(link: link, lifetime: lifetime) : .passwordReset(link: link, lifetime: lifetime)
        let wasMailed = try await database.write { transaction in
            let isMailed = try post(letter, to: user, lifetime: lifetime, in: transaction)
            try resets.insert(
                hash: token.hash, of: user.id, wasMailed: isMailed, at: moment, until: moment + lifetime,
                in: transaction)
            try audit.record(
                AuditEvent(
                    .resetLinkIssued, of: AuditTarget(user), by: origin,
                    after: [.expiresAt: .time(moment + lifetime), .wasMailed: .flag(isMailed)]), in: transaction)
            return isMailed
        }
        log.info("an administrator took a link for a new password", ["user_id": "\(user.id)"])
        return IssuedReset(link: link, wasMailed: wasMailed)
    }
}
