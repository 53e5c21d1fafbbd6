import FoundationEssentials

/// What an operator may set.
public struct AccountsSettings: Sendable {
    /// How long an access token is good, in seconds.
    public var accessTokenLifetime: TimeInterval = 15 * 60
    /// How long a sign-in lasts without being used, in seconds.
    public var sessionLifetime: TimeInterval = 30 * 86_400
    /// Wrong passwords in a row that lock an account.
    public var maximumFailures = 5
    /// How long it stays locked, in seconds.
    public var lockTime: TimeInterval = 86_400
    /// Wrong passwords from one network address within `addressPeriod` seconds, whatever the accounts.
    public var maximumFailuresPerAddress = 50
    public var addressPeriod: TimeInterval = 15 * 60
    /// Cookies for https only; right when the site is reached so.
    public var cookiesAreSecure = false

    public init() {}
}
