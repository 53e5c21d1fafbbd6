import Cryptography
import Reactor
import Synchronization

/// Makes and checks password hashes on a few threads of its own. Each check takes 19 MiB while it runs, so the number of
/// threads bounds the memory. The queue before them is bounded too, in all and for each asker: beyond it callers are refused
/// at once with `BlockingPoolError.full`.
public final class PasswordHasher: Sendable {
    /// In whose name the work is done; the askers have their turns one after the other.
    public enum Asker: Hashable, Sendable {
        case network(IPNetwork)
        /// A person who is known, by their id.
        case person(String)
        /// The server itself and its command line.
        case server
    }

    /// Waiting at most, in all and for one asker.
    public static let mostWaiting = 128
    public static let mostWaitingOfOneAsker = 16

    private let pool: BlockingPool
    let turns: HashingTurns
    private let cost: Argon2id.Cost
    private let checks = Atomic(0)
    /// Stands in for the hash of an account that does not exist.
    private let decoy: PasswordHash

    /// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
    public static let recommendedMemoryKiB: UInt32 = 19 * 1_024
    public static let recommendedPasses: UInt32 = 2
    public static let lanes: UInt32 = 1

    public init(
        pool: BlockingPool, memoryKiB: UInt32 = PasswordHasher.recommendedMemoryKiB,
        passes: UInt32 = PasswordHasher.recommendedPasses
    ) {
        self.pool = pool
        turns = HashingTurns(
            atOnce: pool.threadCount, mostWaiting: Self.mostWaiting, mostOfOneAsker: Self.mostWaitingOfOneAsker)
        cost = Argon2id.Cost(memoryKiB: max(memoryKiB, 8), passes: max(passes, 1), lanes: Self.lanes)
        decoy = PasswordHash(Argon2id.Stored(cost: cost, salt: Random.bytes(16), value: Random.bytes(32)))
    }

    public func hash(_ password: String, for asker: Asker = .server) async throws -> PasswordHash {
        let cost = cost
        return try await run(for: asker) {
            let salt = Random.bytes(16)
            let input = Argon2id.Input(password: Array(password.utf8), salt: salt)
            let value = try Argon2id.hash(input, cost: cost, byteCount: 32)
            return PasswordHash(Argon2id.Stored(cost: cost, salt: salt, value: value))
        }
    }

    /// Whether the password is the one behind the hash. Without a hash the same work is done for a decoy and the answer is no,
    /// so that the time does not tell whether an account exists.
    public func verify(
        _ password: String, against hash: PasswordHash?, for asker: Asker = .server
    ) async throws -> Bool {
        let target = hash ?? decoy
        checks.add(1, ordering: .relaxed)
        let matches = try await run(for: asker) { try target.matches(password) }
        return matches && hash != nil
    }

    private func run<T: Sendable>(for asker: Asker, _ work: @escaping @Sendable () throws -> T) async throws -> T {
        defer { if turns.waitingCount == 0 { Argon2id.giveBackMemory() } }
        return try await turns.inTurn(asker) { [pool] in try await pool.run(work) }
    }

    /// Checks that were asked for, those against a decoy among them.
    public var checkCount: Int { checks.load(ordering: .relaxed) }

    /// What a hash costs, for people.
    public var costText: String { "Argon2id, \(cost.memoryKiB >> 10) MiB, \(cost.passes) passes, \(cost.lanes) lane" }

    /// Whether a hash was made at another cost than today's, or by another system, and should be made anew at the next
    /// sign-in.
    public func isOutdated(_ hash: PasswordHash) -> Bool {
        if case .argon2id(let stored) = hash.form { stored.cost != cost } else { true }
    }
}
