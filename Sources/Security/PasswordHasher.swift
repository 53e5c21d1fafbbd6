import Reactor

/// Makes and checks password hashes on a few threads of its own. Each check takes 19 MiB while it runs, so the number of
/// threads bounds the memory, and the queue before them is bounded too: beyond it callers are refused at once.
public final class PasswordHasher: Sendable {
    private let pool: BlockingPool
    private let cost: Argon2id.Cost
    /// Stands in for the hash of an account that does not exist.
    private let decoy: PasswordHash

    /// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
    public static let recommendedMemoryKiB: UInt32 = 19 * 1_024

    public init(pool: BlockingPool, memoryKiB: UInt32 = PasswordHasher.recommendedMemoryKiB, passes: UInt32 = 2) {
        self.pool = pool
        cost = Argon2id.Cost(memoryKiB: max(memoryKiB, 8), passes: max(passes, 1), lanes: 1)
        decoy = PasswordHash(cost: cost, salt: Random.bytes(16), value: Random.bytes(32))
    }

    public func hash(_ password: String) async throws -> PasswordHash {
        let cost = cost
        return try await pool.run {
            let salt = Random.bytes(16)
            let input = Argon2id.Input(password: Array(password.utf8), salt: salt)
            return PasswordHash(cost: cost, salt: salt, value: try Argon2id.hash(input, cost: cost, byteCount: 32))
        }
    }

    /// Whether the password is the one behind the hash. Without a hash the same work is done for a decoy and the answer is no,
    /// so that the time does not tell whether an account exists.
    public func verify(_ password: String, against hash: PasswordHash?) async throws -> Bool {
        let target = hash ?? decoy
        let matches = try await pool.run {
            let input = Argon2id.Input(password: Array(password.utf8), salt: target.salt)
            let value = try Argon2id.hash(input, cost: target.cost, byteCount: target.value.count)
            return constantTimeEqual(value, target.value)
        }
        return matches && hash != nil
    }

    /// Whether a hash was made at another cost than today's and should be made anew at the next sign-in.
    public func isOutdated(_ hash: PasswordHash) -> Bool { hash.cost != cost }
}
