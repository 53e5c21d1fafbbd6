import Reactor
import Security

/// A hash at a cost that the tests' accounts do not use.
enum Argon2idSample {
    static func hash(of password: String) async throws -> PasswordHash {
        let pool = try BlockingPool(name: "sample", threads: 1)
        let hash = try await PasswordHasher(pool: pool, memoryKiB: 64, passes: 1).hash(password)
        await pool.shutdown()
        return hash
    }
}
