import FoundationEssentials

/// What an operator may set.
public struct AccountsSettings: Sendable {
    /// How long an access token is good, in seconds.
    public var accessTokenLifetime: TimeInterval = 15 * 60
    /// How long a sign-in lasts without being used, in seconds.
    public var sessionLifetime: TimeInterval = 30 * 86_400
    /// How long a browser is remembered as one in which an account signed in, in seconds.
    public var deviceLifetime: TimeInterval = 365 * 86_400
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

    public init() {}
}
