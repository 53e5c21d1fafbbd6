import Bus
import FoundationEssentials
import SQL
import Telemetry
import Web

/// How people come to accounts by themselves and back to them, wired.
struct RegistrationServices: Sendable {
    /// Links by which people choose a password, for administrators too.
    let issueReset: IssuePasswordReset
    let invitations: ManageInvitations
    private let register: RegisterPerson
    private let verify: VerifyRegistration
    private let waiting: WaitingRegistrations
    private let reset: ResetPassword
    private let options: AuthOptionsBody

    /// What anybody can have sent to an address: five letters of a kind, and one more every ten minutes.
    private static let askedLetters = (burst: 5, interval: Duration.seconds(600))

    init(
        _ foundation: AccountServices.Foundation, settings: AccountsSettings, post: PostLetter,
        passwords: AccountPasswords, checkNew: CheckNewPassword, begin: BeginSession, attempts: SignInAttempts,
        setPassword: SetPassword, facts: PersonFacts, audit: AuditLog
    ) {
        let (database, log, now) = (foundation.database, foundation.log, foundation.now)
        func allowance(_ name: String) -> LetterAllowance {
            LetterAllowance(
                buckets: SharedBuckets(
                    name, burst: Self.askedLetters.burst, interval: Self.askedLetters.interval, redis: foundation.redis,
                    clock: foundation.clock))
        }
        let admit = AdmitPerson(database: database, begin: begin, facts: facts, audit: audit, log: log, now: now)
        register = RegisterPerson(
            database: database, passwords: passwords, policy: checkNew.policy, admit: admit, post: post,
            allowance: allowance("registration_letters"), settings: settings, log: log, now: now)
        verify = VerifyRegistration(database: database, passwords: passwords, admit: admit, log: log, now: now)
        invitations = ManageInvitations(
            database: database, post: post, policy: settings.registration, audit: audit, log: log,
            now: now)
        waiting = WaitingRegistrations(
            database: database, site: post.site, lifetime: settings.verificationLifetime, audit: audit,
            log: log, now: now)
        issueReset = IssuePasswordReset(
            database: database, post: post, allowance: allowance("reset_letters"), settings: settings,
            audit: audit, log: log, now: now)
        reset = ResetPassword(
            database: database, passwords: passwords, checkNew: checkNew, attempts: attempts, set: setPassword,
            audit: audit, log: log,
            now: now)
        options = AuthOptionsBody(
            registration: settings.registration.name, domains: settings.registration.domains,
            providers: foundation.providers.all.map { .init(name: $0.name, label: $0.label) },
            hasMail: post.isPossible, verifiesEmail: settings.verifiesEmail,
            password: .init(policy: checkNew.policy.rule.rawValue, minimumLength: checkNew.policy.minimumLength),
            mayRemoveSelf: settings.allowsSelfRemoval)
    }

    func addRoutes(to router: RouterBuilder, _ answers: SessionAnswers) {
        RegistrationRoutes(
            register: register, verify: verify, invitations: invitations, waiting: waiting, issueReset: issueReset,
            reset: reset, options: options, answers: answers
        ).add(to: router)
    }

    /// Removes what is over.
    static func prune(at moment: Date, in transaction: Transaction) throws {
        try RegistrationStore().prune(at: moment, in: transaction)
        try InvitationStore().removeExpired(at: moment, in: transaction)
        try PasswordResetStore().prune(at: moment, in: transaction)
    }
}
