import FoundationEssentials
import Security

/// What an access token says.
struct AccessClaims: TokenClaims {
    /// The person.
    var sub: UserID
    /// At the time of issue; what counts is the role that the person has when the token is used.
    var role: Role
    var exp: Int64
    var iat: Int64
    /// One token.
    var jti: String
    /// The session that the token ends with.
    var sid: SessionID
}
