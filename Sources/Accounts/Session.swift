import Cryptography
import FoundationEssentials
import Identifiers
import SQL

public typealias SessionID = Identifier<Session>

/// One sign-in of one person, from a browser or a program.
public struct Session: Sendable, Equatable {
    public let id: SessionID
    public let userID: UserID
    /// The person's role now, not at sign-in.
    public var role: Role
    public var expiresAt: Date
}

/// The secrets of a session as the client holds them; the database has their hashes only.
struct SessionSecret: Sendable {
    let text: String

    init() { text = Random.token(byteCount: 32) }

    init(_ text: String) { self.text = text }

    /// What is stored. The secret has 256 random bits, so a plain hash is enough.
    var hash: [UInt8] { SHA256.hash(text) }
}

/// A session that begins, with the secrets that only its client will know.
struct FreshSession: Sendable {
    let session: Session
    let cookie = SessionSecret()
    let refresh = SessionSecret()

    init(of user: User, until end: Date) {
        session = Session(id: SessionID(), userID: user.id, role: user.role, expiresAt: end)
    }
}
