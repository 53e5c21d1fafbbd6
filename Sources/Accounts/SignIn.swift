import Cryptography
import FoundationEssentials
import Reactor
import SQL
import Security

/// What a client sends to sign in.
struct Credentials: Sendable {
    var email: String
    var password: String
    var address: SocketAddress
    /// What the browser kept of an earlier sign-in.
    var deviceToken: String?
    /// The session that the browser had until now; it ends with the new one's beginning.
    var replaced: SessionSecret?
}

/// What a client gets for its password.
struct SignedIn: Sendable {
    var user: User
    var session: Session
    var cookieSecret: SessionSecret
    var refreshSecret: SessionSecret
    var accessToken: String
    var deviceToken: String
}

extension Accounts {
    /// Checks a password and begins a session.
    func signIn(_ credentials: Credentials) async throws -> SignedIn {
        // What cannot be an address goes the same way, under the beginning of what was typed.
        let account =
            EmailAddress(credentials.email)?.description
            ?? String(decoding: credentials.email.utf8.prefix(320), as: UTF8.self)
        let device = credentials.deviceToken.flatMap { devices.device(in: $0, of: account, at: now()) }
        let network = credentials.address.network
        let attempt = PasswordAttempt(
            account: account, password: credentials.password,
            source: device.map(SignInSource.device) ?? .network(network), asker: .network(network))
        let user: User?
        do {
            user = device == nil ? try await checkStranger(attempt, network) : try await check(attempt)
        } catch let error as AccountsError {
            log.warning(
                "sign-in refused",
                ["reason": .string(error.problem.code), "address": .string(credentials.address.host)])
            throw error
        }
        guard let user else { throw AccountsError.badCredentials }
        guard !user.isDisabled else { throw AccountsError.accountDisabled }
        guard !user.isOTPEnabled else { throw AccountsError.otpRequired }
        let renewed = try await renewedHash(attempt, of: user)
        let result = try await begin(credentials, attempt, user, device ?? DeviceID(), renewed: renewed)
        log.info(
            "signed in",
            [
                "user_id": "\(user.id)", "session_id": "\(result.session.id)",
                "address": .string(credentials.address.host),
            ])
        return result
    }

    /// From a browser that is not known, an attempt takes part in the limit of its network as well.
    private func checkStranger(_ attempt: PasswordAttempt, _ network: IPNetwork) async throws -> User? {
        var user: User?
        do {
            _ = try await networkFailures.check(network) {
                user = try await check(attempt)
                return user != nil
            }
        } catch let error as TooManyAttempts {
            throw AccountsError.tooManyAttempts(error)
        }
        return user
    }

    /// The password's hash at today's cost, when it was made at another.
    private func renewedHash(_ attempt: PasswordAttempt, of user: User) async throws -> PasswordHash? {
        guard let old = user.passwordHash, hasher.isOutdated(old) else { return nil }
        return try await hash(attempt.password, for: attempt.asker)
    }

    private func begin(
        _ credentials: Credentials, _ attempt: PasswordAttempt, _ user: User, _ device: DeviceID,
        renewed: PasswordHash?
    ) async throws -> SignedIn {
        let moment = now()
        let fresh = FreshSession(of: user, until: moment + settings.sessionLifetime)
        let address = credentials.address.host
        try await database.write { [self] transaction in
            try attempts.forgive(attempt.account, from: attempt.source, in: transaction)
            if let old = user.passwordHash, let renewed {
                try users.replaceHash(old, with: renewed, of: user.id, in: transaction)
            }
            if let replaced = credentials.replaced,
                let old = try sessions.find(tokenHash: replaced.hash, at: moment, in: transaction)
            {
                try end(old.id, of: old.userID, in: transaction)
            }
            try insert(fresh, address: address, at: moment, in: transaction)
        }
        return SignedIn(
            user: user, session: fresh.session, cookieSecret: fresh.cookie, refreshSecret: fresh.refresh,
            accessToken: try accessToken(for: fresh.session, at: moment),
            deviceToken: devices.token(for: device, of: attempt.account, at: moment))
    }

    func insert(_ fresh: FreshSession, address: String, at moment: Date, in transaction: Transaction) throws {
        try sessions.insert(
            fresh.session, tokenHash: fresh.cookie.hash, address: address, at: moment, in: transaction)
        try refreshTokens.insert(hash: fresh.refresh.hash, of: fresh.session.id, at: moment, in: transaction)
    }

    func accessToken(for session: Session, at moment: Date) throws -> String {
        let start = Int64(moment.timeIntervalSince1970)
        return try tokens.sign(
            AccessClaims(
                sub: session.userID, role: session.role, exp: start + Int64(settings.accessTokenLifetime), iat: start,
                jti: Random.token(byteCount: 12), sid: session.id))
    }
}
