import Cryptography
import FoundationEssentials
import Security
import Synchronization

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

/// Issues and reads access tokens.
struct AccessTokens: Sendable {
    let jwt: JWT
    /// Nil where no pair of keys signs.
    private let keyring: TokenKeyring?
    /// Seconds.
    let lifetime: TimeInterval
    private let known = KnownAccessTokens()

    init(jwt: JWT, keyring: TokenKeyring? = nil, lifetime: TimeInterval) {
        self.jwt = jwt
        self.keyring = keyring
        self.lifetime = lifetime
    }

    func issue(for session: Session, at moment: Date) throws -> String {
        let start = Int64(moment.timeIntervalSince1970)
        return try jwt.sign(
            AccessClaims(
                sub: session.userID, role: session.role, exp: start + Int64(lifetime), iat: start,
                jti: Random.token(byteCount: 12), sid: session.id))
    }

    /// Nil for what is no token of ours, and for one that is over.
    func verify(_ token: String, at moment: Date) -> AccessClaims? { try? read(token, at: moment) }

    /// The same; a key that is not known here is looked for, as another server may have made it.
    func find(_ token: String, at moment: Date) async throws -> AccessClaims? {
        do {
            return try read(token, at: moment)
        } catch .unknownKey {
            return try await keyring?.keysMayBeNew() == true ? verify(token, at: moment) : nil
        } catch {
            return nil
        }
    }

    /// Of a token that was found good before, and is not over.
    func remembered(_ token: String, at moment: Date) -> AccessClaims? {
        guard let claims = known.claims(of: token), Int64(moment.timeIntervalSince1970) < claims.exp else { return nil }
        return claims
    }

    private func read(_ token: String, at moment: Date) throws(JWTError) -> AccessClaims {
        let seconds = Int64(moment.timeIntervalSince1970)
        if let claims = known.claims(of: token) {
            guard seconds < claims.exp else { throw .expired }
            return claims
        }
        let claims = try jwt.verify(token, as: AccessClaims.self, now: seconds)
        known.add(token, claims)
        return claims
    }
}

/// Access tokens whose signature was found good, with what they say: a program sends the same one with each request, and reading it
/// costs more than most answers. That the session goes on is looked up each time all the same.
final class KnownAccessTokens: Sendable {
    /// Of about half a kilobyte each.
    private static let capacity = 2_000

    private let known = Mutex<[String: AccessClaims]>([:])

    func claims(of token: String) -> AccessClaims? { known.withLock { $0[token] } }

    func add(_ token: String, _ claims: AccessClaims) {
        known.withLock { known in
            // bound: capacity; those that are still in use come again at once
            if known.count >= Self.capacity { known = [:] }
            known[token] = claims
        }
    }

    var count: Int { known.withLock { $0.count } }
}
