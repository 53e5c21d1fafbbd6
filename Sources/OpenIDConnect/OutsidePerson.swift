/// Somebody as a provider knows them.
public struct OutsidePerson: Sendable, Equatable {
    /// Together the one name by which they are known again. Neither an address nor a name is one: both change hands.
    public var issuer: String
    public var subject: String
    /// As the provider writes it.
    public var email: String?
    /// The provider says that the address is theirs.
    public var isEmailVerified = false
    public var name: String?
    /// Everything that was said, of ID token and userinfo together; the ID token's word first.
    public var claims: Claims = [:]
    /// The sign-in at the provider (OpenID Connect Front-Channel Logout 3), for logouts.
    public var sessionID: String?
    /// For the end of the session at the provider.
    public var idToken: String?

    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}

extension OutsidePerson {
    static let longestSubject = 255

    /// - Parameters:
    ///   - identity: checked already.
    ///   - userInfo: of the same subject; empty where there is none.
    init(issuer: String, subject: String, identity: Claims, userInfo: Claims) {
        self.init(issuer: issuer, subject: subject)
        claims = userInfo.merging(identity) { _, own in own }
        // An address and what is said about it belong together: not the address of one and the word of the other.
        let told = [identity, userInfo].filter { $0["email"]?.text != nil }
        if let source = told.first(where: { $0["email_verified"] != nil }) ?? told.first {
            email = source["email"]?.text
            isEmailVerified = source["email_verified"]?.truth ?? false
        }
        name = claims["name"]?.text ?? claims["preferred_username"]?.text
        sessionID = identity["sid"]?.text
    }
}
