/// A provider's word that somebody is signed out there (OpenID Connect Back-Channel Logout 2.4).
public struct LogoutToken: Sendable, Equatable {
    public var issuer: String
    /// Whom it is about; nil where only the sign-in is named.
    public var subject: String?
    /// Which of their sign-ins; nil for all.
    public var sessionID: String?
    /// One token, so that it is obeyed once.
    public var id: String
    /// Seconds since 1970.
    public var expiresAt: Int64

    private static let event = "http://schemas.openid.net/event/backchannel-logout"
    private static let longestName = 255
    /// One that was on its way for longer is not believed, in seconds.
    static let maximumAge: Int64 = 300

    /// - Parameter claims: of a token whose signature is the issuer's.
    init(_ claims: Claims, by check: IDTokenCheck) throws(OpenIDError) {
        issuer = try check.checkedIssuer(claims)
        try check.checkAudience(claims)
        try check.checkTimes(claims)
        guard let start = claims["iat"]?.time, start >= check.now - Self.maximumAge else {
            throw OpenIDError(.issuedAt)
        }
        // An ID token must not pass for one: it has a nonce and no event.
        guard claims["nonce"] == nil, case .object(let events)? = claims["events"],
            case .object? = events[Self.event], let id = Self.name(claims["jti"])
        else { throw OpenIDError(.logoutEvent) }
        (subject, sessionID) = (Self.name(claims["sub"]), Self.name(claims["sid"]))
        guard subject != nil || sessionID != nil else { throw OpenIDError(.logoutEvent) }
        self.id = id
        expiresAt = min(claims["exp"]?.time ?? start, start + 86_400)
    }

    private static func name(_ value: ClaimValue?) -> String? {
        guard let text = value?.text, (1...longestName).contains(text.utf8.count) else { return nil }
        return text
    }
}
