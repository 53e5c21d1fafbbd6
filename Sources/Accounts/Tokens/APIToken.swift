import BaseEncoding
import Cryptography
import FoundationEssentials
import Identifiers
import SQL

public typealias APITokenID = Identifier<APIToken>

/// What a program of a person signs in with, in place of a password.
public struct APIToken: Sendable, Equatable {
    public let id: APITokenID
    public let userID: UserID
    public var name: String
    public var scopes: [TokenScope]
    public var createdAt: Date
    public var expiresAt: Date
    /// To some minutes.
    public var lastUsedAt: Date?
}

/// The secret of an API token, as its program holds it; the database has its hash only.
///
/// `palco_`, 32 random bytes and 4 bytes of their SHA-256, in hexadecimal: one word for whoever selects it, and known by its shape to
/// programs that look for secrets in source code, which can tell by the last bytes that it is a real one.
struct APITokenSecret: Sendable, Equatable {
    static let prefix = "palco_"
    private static let randomByteCount = 32
    private static let checkByteCount = 4

    let text: String

    init() {
        let bytes = Random.bytes(Self.randomByteCount)
        text = Self.prefix + Hex.encode(bytes + Self.check(bytes))
    }

    /// Nil for what no token is. It costs little, so that nobody is asked about what somebody made up.
    init?(_ text: String) {
        guard text.utf8.count == Self.prefix.utf8.count + 2 * (Self.randomByteCount + Self.checkByteCount),
            text.hasPrefix(Self.prefix), let bytes = Hex.decode(text.dropFirst(Self.prefix.count)),
            Array(bytes[Self.randomByteCount...]) == Self.check(Array(bytes[..<Self.randomByteCount]))
        else { return nil }
        // As it was given out: `Hex.decode` takes large letters as well.
        self.text = text.lowercased()
    }

    /// What is stored. The secret has 256 random bits, so a plain hash is enough.
    var hash: [UInt8] { SHA256.hash(text) }

    private static func check(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(bytes).prefix(checkByteCount)) }
}

extension APIToken {
    init(_ row: Row) throws {
        id = try row.value("id")
        userID = try row.value("user_id")
        name = try row.value("name")
        scopes = try row.value("scopes", as: String.self).split(separator: " ").compactMap {
            TokenScope(rawValue: "\($0)")
        }
        createdAt = try row.value("created_at")
        expiresAt = try row.value("expires_at")
        lastUsedAt = try row.value("last_used_at")
    }
}

/// What a caller's token lets it do.
public struct TokenPass: Sendable, Equatable {
    public let id: APITokenID
    public let scopes: Set<TokenScope>

    public init(id: APITokenID, scopes: Set<TokenScope>) {
        self.id = id
        self.scopes = scopes
    }
}

extension Identifier<APIToken> {
    /// A token is a sign-in of its own: it has grants, it is cut off, and streams end with it in the same way.
    var session: SessionID { SessionID(high: high, low: low) }
}
