import FoundationEssentials
import Reactor
import SQL
import Security
import Telemetry
import Web

/// What somebody sends who wants an account.
struct RegistrationWish: Decodable, Sendable {
    var email: String
    var password: String
    var name: String
    var locale: String?
    /// The secret of an invitation's link.
    var invitation: String?

    private enum CodingKeys: String, CodingKey { case email, password, name, locale, invitation, role }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard !container.contains(.role) else {
            throw Problem.invalid(field: "role", code: "not_changeable", "Nobody gives a role to themselves.")
        }
        email = try container.decode(String.self, forKey: .email)
        password = try container.decode(String.self, forKey: .password)
        name = try container.decode(String.self, forKey: .name)
        locale = try container.decodeIfPresent(String.self, forKey: .locale)
        invitation = try container.decodeIfPresent(String.self, forKey: .invitation)
    }
}

/// What came of it.
enum RegistrationOutcome: Sendable {
    /// A link is on its way to the address, or an administrator hands it on.
    case waiting(byMail: Bool)
    case admitted(IssuedSession)
}

/// Takes the wish for an account. Where addresses are verified, nothing but a mail tells whether one has an account already: both ways
/// take the same work and get the same answer.
struct RegisterPerson: Sendable {
    let database: Database
    let passwords: AccountPasswords
    let policy: PasswordPolicy
    let admit: AdmitPerson
    let post: PostLetter
    let allowance: LetterAllowance
    let settings: AccountsSettings
    let log: Log
    let now: @Sendable () -> Date
    private let users = UserStore()
    private let registrations = RegistrationStore()
    private let invitations = InvitationStore()

    init(
        database: Database, passwords: AccountPasswords, policy: PasswordPolicy, admit: AdmitPerson, post: PostLetter,
        allowance: LetterAllowance, settings: AccountsSettings, log: Log, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.passwords = passwords
        self.policy = policy
        self.admit = admit
        self.post = post
        self.allowance = allowance
        self.settings = settings
        self.log = log
        self.now = now
    }

    /// - Throws: `Problem` that names each field that will not do; `RegistrationError`; `AccountsError.emailTaken` where addresses are not
    ///   verified or the invitation is for this one; `AccountsError.busy`.
    func callAsFunction(
        _ wish: RegistrationWish, from origin: SessionOrigin, network: IPNetwork
    ) async throws -> RegistrationOutcome {
        guard settings.registration != .closed else { throw RegistrationError.closed }
        guard let email = EmailAddress(wish.email) else { throw AccountsError.invalidEmail }
        let name = try PersonName(wish.name).text
        if let locale = wish.locale { try PersonLocale.check(locale) }
        let complaints = policy.complaints(about: wish.password)
        guard complaints.isEmpty else { throw Problem.invalid(complaints) }
        let invitation = try await invitation(of: wish, for: email)
        let hash = try await passwords.hash(wish.password, for: .network(network))
        let newcomer = Newcomer(
            email: email, name: name, locale: wish.locale, passwordHash: hash, invitation: invitation?.id,
            isVerified: invitation?.email != nil && invitation?.wasMailed == true)
        // Who made an invitation for this address has said whose it is.
        if !settings.verifiesEmail || invitation?.email != nil {
            return .admitted(try await admit(newcomer, from: origin))
        }
        try await wait(newcomer)
        return .waiting(byMail: post.isPossible)
    }

    /// Nil where none is needed and none is given.
    private func invitation(of wish: RegistrationWish, for email: EmailAddress) async throws -> Invitation? {
        guard let token = wish.invitation else {
            switch settings.registration {
            case .closed: throw RegistrationError.closed
            case .open: return nil
            case .invitation: throw RegistrationError.noSuchInvitation
            case .domains(let domains):
                guard domains.contains(email.domain) else { throw RegistrationError.domainNotAllowed }
                return nil
            }
        }
        let moment = now()
        let found = try await database.readOnce { access in
            try invitations.find(tokenHash: LinkToken(token).hash, at: moment, in: access)
        }
        guard let found, found.isFor(email) else { throw RegistrationError.noSuchInvitation }
        return found
    }

    private func wait(_ newcomer: Newcomer) async throws {
        // Links that were sent before are still good.
        guard await allowance.takes(newcomer.email) else {
            return log.warning("too many registrations of one address: no further mail is sent to it")
        }
        let (token, moment, lifetime) = (LinkToken(), now(), settings.verificationLifetime)
        let registration = Registration(
            id: RegistrationID(), email: newcomer.email, name: newcomer.name, locale: newcomer.locale,
            passwordHash: newcomer.passwordHash, invitation: newcomer.invitation, wasMailed: post.isPossible,
            createdAt: moment, expiresAt: moment + lifetime)
        try await database.write { transaction in
            // Where somebody has the address, it is kept all the same, and nobody gets its link.
            try registrations.insert(registration, tokenHash: token.hash, in: transaction)
            if let owner = try users.find(email: newcomer.email, in: transaction) {
                try post(.accountExists(signIn: post.site.signIn, reset: post.site.forgot), to: owner, in: transaction)
            } else {
                try post(
                    .verification(link: post.site.verification(token), lifetime: lifetime), to: newcomer.email,
                    locale: newcomer.locale, lifetime: lifetime, in: transaction)
            }
        }
        log.info("a registration waits for its verification", ["registration": "\(registration.id)"])
    }
}
