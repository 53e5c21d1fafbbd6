import BaseEncoding
import Cryptography

/// A password's hash, as it is stored. It never describes itself.
///
/// Ours are Argon2id's in the PHC string format. Those that people brought along from another system are understood as well,
/// until their next sign-in: bcrypt (`$2b$…`), PBKDF2-SHA-256 and scrypt as Django writes them (`pbkdf2_sha256$…`, `scrypt$…`).
/// Whatever a stored hash says, checking it takes about a second and 128 MiB at most.
public struct PasswordHash: Sendable, Equatable, CustomStringConvertible {
    enum Form: Sendable, Equatable {
        case argon2id(Argon2id.Stored)
        case bcrypt(Bcrypt)
        case django(DjangoHash)
    }

    let form: Form

    public var encoded: String {
        switch form {
        case .argon2id(let hash): hash.encoded
        case .bcrypt(let hash): hash.encoded
        case .django(let hash): hash.encoded
        }
    }

    public var description: String { "[password hash]" }

    /// Another system made it.
    public var isImported: Bool {
        if case .argon2id = form { false } else { true }
    }

    init(_ hash: Argon2id.Stored) { form = .argon2id(hash) }

    /// Reads the stored form.
    ///
    /// - Throws: `SecurityError.malformedHash`, also for costs that would stall the server.
    public init(encoded: String) throws(SecurityError) {
        if let hash = Argon2id.Stored(encoded: encoded) {
            form = .argon2id(hash)
        } else if let hash = Bcrypt(encoded: encoded) {
            form = .bcrypt(hash)
        } else if let hash = DjangoHash(encoded: encoded) {
            form = .django(hash)
        } else {
            throw SecurityError(
                .malformedHash,
                "the password hash is neither Argon2id ($argon2id$…), bcrypt ($2b$…), pbkdf2_sha256$… nor scrypt$…, "
                    + "or costs too much to check"
            )
        }
    }

    /// Blocks for as long as the hash costs.
    func matches(_ password: String) throws -> Bool {
        switch form {
        case .argon2id(let hash): try hash.matches(password)
        case .bcrypt(let hash): hash.matches(password)
        case .django(let hash): try hash.matches(password)
        }
    }
}

extension Argon2id {
    /// A hash in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    struct Stored: Sendable, Equatable {
        private static let maximumMemoryKiB: UInt32 = 128 << 10
        /// Of memory in KiB times passes.
        private static let maximumWork: UInt32 = 512 << 10

        let cost: Cost
        let salt: [UInt8]
        let value: [UInt8]

        init(cost: Cost, salt: [UInt8], value: [UInt8]) {
            (self.cost, self.salt, self.value) = (cost, salt, value)
        }

        /// Nil for what is none, and for what would stall the server.
        init?(encoded: String) {
            let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
            guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
                let cost = Self.cost(parts[3]), let salt = Base64.unpadded.decode(parts[4]),
                let value = Base64.unpadded.decode(parts[5]), (8...64).contains(salt.count),
                (16...64).contains(value.count)
            else { return nil }
            self.init(cost: cost, salt: salt, value: value)
        }

        var encoded: String {
            "$argon2id$v=19$m=\(cost.memoryKiB),t=\(cost.passes),p=\(cost.lanes)$"
                + "\(Base64.unpadded.encode(salt))$\(Base64.unpadded.encode(value))"
        }

        func matches(_ password: String) throws -> Bool {
            let input = Input(password: Array(password.utf8), salt: salt)
            return constantTimeEqual(try Argon2id.hash(input, cost: cost, byteCount: value.count), value)
        }

        private static func cost(_ text: Substring) -> Cost? {
            let fields = text.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0].hasPrefix("m="), fields[1].hasPrefix("t="), fields[2].hasPrefix("p="),
                let memory = UInt32(fields[0].dropFirst(2)), let passes = UInt32(fields[1].dropFirst(2)),
                let lanes = UInt32(fields[2].dropFirst(2)), (8...maximumMemoryKiB).contains(memory),
                (1...64).contains(passes), memory * passes <= maximumWork, (1...16).contains(lanes),
                memory >= 8 * lanes
            else { return nil }
            return Cost(memoryKiB: memory, passes: passes, lanes: lanes)
        }
    }
}
