import FoundationEssentials
import Reactor
import SQL
import Security

/// What a client gets for its refresh token.
struct Refreshed: Sendable {
    var user: User
    var session: Session
    var refreshSecret: SessionSecret
    var accessToken: String
}

extension Accounts {
    private enum Outcome {
        case refreshed(User, Session)
        case unknown
        /// Somebody used the token before: one of the two is a thief, so both are put out.
        case reused(SessionID)
    }

    /// Takes a refresh token for a new pair. A token that comes a second time ends its whole session.
    func refresh(_ token: String, from address: SocketAddress) async throws -> Refreshed {
        let old = SessionSecret(token)
        // What nobody has is found out by a reader, so that strangers cannot keep the one writer busy.
        guard try await isKnown(old, from: address) else { throw AccountsError.invalidRefreshToken }
        let moment = now()
        let new = SessionSecret()
        let outcome = try await database.write { [self] in try rotate(old, to: new, at: moment, in: $0) }
        switch outcome {
        case .refreshed(let user, let session):
            return Refreshed(
                user: user, session: session, refreshSecret: new, accessToken: try accessToken(for: session, at: moment)
            )
        case .unknown: throw AccountsError.invalidRefreshToken
        case .reused(let session):
            log.warning("a used refresh token came again; its session is ended", ["session_id": "\(session)"])
            throw AccountsError.invalidRefreshToken
        }
    }

    private func isKnown(_ secret: SessionSecret, from address: SocketAddress) async throws -> Bool {
        do {
            return try await unknownTokens.check(address.network) {
                try await database.read { [refreshTokens] in try refreshTokens.find(hash: secret.hash, in: $0) != nil }
            }
        } catch let error as TooManyAttempts {
            throw AccountsError.tooManyAttempts(error)
        }
    }

    /// Answers instead of throwing, because what a reuse ends must be kept.
    private func rotate(
        _ old: SessionSecret, to new: SessionSecret, at moment: Date, in transaction: Transaction
    ) throws -> Outcome {
        guard let stored = try refreshTokens.find(hash: old.hash, in: transaction) else { return .unknown }
        if stored.isUsed {
            if let session = try sessions.find(stored.sessionID, at: moment, in: transaction) {
                try end(session.id, of: session.userID, in: transaction)
            }
            return .reused(stored.sessionID)
        }
        guard var session = try sessions.find(stored.sessionID, at: moment, in: transaction),
            let user = try users.find(session.userID, in: transaction)
        else { return .unknown }
        session.expiresAt = moment + settings.sessionLifetime
        try sessions.extend(session.id, until: session.expiresAt, in: transaction)
        try refreshTokens.markUsed(hash: old.hash, at: moment, in: transaction)
        try refreshTokens.insert(hash: new.hash, of: session.id, at: moment, in: transaction)
        try refreshTokens.prune(session.id, in: transaction)
        return .refreshed(user, session)
    }

    /// Ends a session; its cookie and tokens are refused from the commit on.
    func end(_ session: SessionID, of person: UserID, in transaction: Transaction) throws {
        try sessions.remove(session, in: transaction)
        try announce(.sessionEnded(session, of: person), in: transaction)
    }

    func signOut(_ session: SessionID, of person: UserID) async throws {
        try await database.write { [self] in try end(session, of: person, in: $0) }
        log.info("signed out", ["session_id": "\(session)"])
    }

    /// Makes a browser's session last from now on again.
    func extend(_ session: SessionID) async throws {
        let end = now() + settings.sessionLifetime
        try await database.write { [self] transaction in
            try sessions.extend(session, until: end, in: transaction)
            transaction.afterCommit { [lookup] in lookup.forgetAll() }
        }
    }
}
