import FoundationEssentials
import SQL
import Security

/// What a client gets for its password.
struct SignedIn: Sendable {
    var user: User
    var session: Session
    var cookieSecret: SessionSecret
    var refreshSecret: SessionSecret
    var accessToken: String
}

extension Accounts {
    /// Checks a password and begins a session.
    ///
    /// Whether the address belongs to an account shows neither in the answer nor in the work done before it.
    func signIn(email: String, password: String, from address: String) async throws -> SignedIn {
        if let wait = addresses.begin(address, at: now()) {
            log.warning("sign-in refused", ["reason": "too_many_attempts", "address": .string(address)])
            throw AccountsError.tooManyAttempts(retryAfter: wait)
        }
        // What cannot be an address goes the same way, under the name that was typed.
        let account = EmailAddress(email)?.description ?? String(email.prefix(320))
        return try await turns.inTurn(account) { try await signIn(account, password, from: address) }
    }

    private func signIn(_ account: String, _ password: String, from address: String) async throws -> SignedIn {
        let user = try await begin(account, from: address)
        guard try await verify(password, against: user?.passwordHash), let user else {
            try await fail(account, user, from: address)
            throw AccountsError.badCredentials
        }
        addresses.forgive(address)
        guard !user.isDisabled else { throw AccountsError.accountDisabled }
        guard !user.isOTPEnabled else { throw AccountsError.otpRequired }
        let renewed = try await renewedHash(password, of: user)
        let result = try await makeSession(for: user, account: account, renewed: renewed, from: address)
        log.info(
            "signed in", ["user_id": "\(user.id)", "session_id": "\(result.session.id)", "address": .string(address)])
        return result
    }

    private func begin(_ account: String, from address: String) async throws -> User? {
        let (attempts, users, moment) = (attempts, users, now())
        let (verdict, user) = try await database.write { transaction in
            let verdict = try attempts.begin(account, at: moment, in: transaction)
            return (verdict, try EmailAddress(account).flatMap { try users.find(email: $0, in: transaction) })
        }
        guard case .locked(let end) = verdict else { return user }
        log.warning("sign-in refused", ["reason": "account_locked", "address": .string(address)])
        throw AccountsError.accountLocked(retryAfter: .seconds(end.timeIntervalSince(moment)))
    }

    private func fail(_ account: String, _ user: User?, from address: String) async throws {
        let (attempts, moment) = (attempts, now())
        try await database.write { try attempts.fail(account, at: moment, in: $0) }
        log.warning(
            "sign-in failed", ["user_id": .string(user?.id.description ?? "none"), "address": .string(address)])
    }

    /// The password's hash at today's cost, when it was made at another.
    private func renewedHash(_ password: String, of user: User) async throws -> PasswordHash? {
        guard let old = user.passwordHash, hasher.isOutdated(old) else { return nil }
        return try await hash(password)
    }

    private func makeSession(
        for user: User, account: String, renewed: PasswordHash?, from address: String
    ) async throws -> SignedIn {
        let moment = now()
        let session = Session(
            id: SessionID(), userID: user.id, role: user.role, expiresAt: moment + settings.sessionLifetime)
        let (cookie, refresh) = (SessionSecret(), SessionSecret())
        let (attempts, users, sessions, refreshTokens) = (attempts, users, sessions, refreshTokens)
        try await database.write { transaction in
            try attempts.forgive(account, in: transaction)
            if let old = user.passwordHash, let renewed {
                try users.replaceHash(old, with: renewed, of: user.id, in: transaction)
            }
            try sessions.removeExpired(at: moment, in: transaction)
            try sessions.insert(session, tokenHash: cookie.hash, address: address, at: moment, in: transaction)
            try refreshTokens.insert(hash: refresh.hash, of: session.id, at: moment, in: transaction)
        }
        return SignedIn(
            user: user, session: session, cookieSecret: cookie, refreshSecret: refresh,
            accessToken: try accessToken(for: session, at: moment))
    }

    func accessToken(for session: Session, at moment: Date) throws -> String {
        let start = Int64(moment.timeIntervalSince1970)
        return try tokens.sign(
            AccessClaims(
                sub: session.userID, role: session.role, exp: start + Int64(settings.accessTokenLifetime), iat: start,
                jti: Random.token(byteCount: 12), sid: session.id))
    }
}
