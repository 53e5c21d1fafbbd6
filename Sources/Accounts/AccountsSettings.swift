import Cryptography
import FoundationEssentials

/// What an operator may set.
public struct AccountsSettings: Sendable {
    /// How long an access token is good, in seconds.
    public var accessTokenLifetime: TimeInterval = 15 * 60
    /// What signs access tokens; nil for HS256 with the installation's secret. RS256 and EdDSA are signed with.
    public var tokenAlgorithm: SignatureAlgorithm?
    /// After so many seconds another pair of keys signs.
    public var tokenKeyAge: TimeInterval = 90 * 86_400
    /// How long a sign-in lasts without being used, in seconds.
    public var sessionLifetime: TimeInterval = 30 * 86_400
    /// How long a sign-in lasts however much it is used, in seconds.
    public var longestSession: TimeInterval = 365 * 86_400
    /// How long a browser is remembered as one in which an account signed in, in seconds.
    public var deviceLifetime: TimeInterval = 365 * 86_400
    public var passwordPolicy = PasswordPolicy()
    /// After how long a password must be changed before anything else, in seconds; nil for never.
    public var passwordMaximumAge: TimeInterval?
    /// Former passwords that their owner may not choose again, at most 10.
    public var passwordHistory = 5
    /// Roles whose people must have one-time codes, as far as they have a password.
    public var otpRoles: Set<Role> = []
    /// How long after its sign-in a session may set up one-time codes without the password, in seconds.
    public var recentSignIn: TimeInterval = 15 * 60
    /// Wrong passwords in a row from one source that lock it out of an account.
    public var maximumFailures = 5
    /// How long it stays locked, in seconds.
    public var lockTime: TimeInterval = 86_400
    /// Wrong passwords for one account from all networks together, before each further one waits.
    public var maximumFailuresPerAccount = 20
    /// How long, in seconds; after each such time without a wrong one, one more goes without a wait.
    public var accountPause: TimeInterval = 300
    /// Wrong passwords from one network, whatever the accounts; after `networkPeriod` seconds all of them are forgotten, and
    /// each in its share of that time.
    public var maximumFailuresPerNetwork = 50
    public var networkPeriod: TimeInterval = 15 * 60
    /// Refresh tokens that nobody has, from one network; forgotten in the same way within a minute.
    public var maximumUnknownTokens = 60

    /// Who may make an account without an administrator.
    public var registration = RegistrationPolicy.closed
    /// An account is made when its address is proven. Without this, an answer tells who has an account.
    public var verifiesEmail = true
    /// People may remove their own accounts.
    public var allowsSelfRemoval = false
    /// Where people reach this installation: `https://video.example.org`; nil where nobody has said.
    public var publicAddress: String?
    /// How long links are good, in seconds: of verifications, of resets that people ask for, of resets and first passwords that
    /// administrators hand on.
    public var verificationLifetime: TimeInterval = 86_400
    public var resetLifetime: TimeInterval = 3_600
    public var issuedResetLifetime: TimeInterval = 86_400
    public var firstPasswordLifetime: TimeInterval = 7 * 86_400

    public init() {}
}
