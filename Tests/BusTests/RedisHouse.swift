import Cryptography
import Reactor
import Telemetry

@testable import Bus
@testable import TestSupport

/// What one server has of Redis, running while a test's body runs.
final class RedisHouse: Sendable {
    let loops: EventLoopGroup
    let pool: BlockingPool
    let bus: RedisBus
    let client: RedisClient
    let subscriber: RedisSubscriber
    let log = CapturedLog()

    /// - Parameter key: of the installation.
    private init(_ address: RedisAddress, key: HMACSHA256, patience: Duration) throws {
        loops = try EventLoopGroup(count: 2)
        pool = try BlockingPool(name: "names", threads: 1)
        let log = Log(level: .info, sink: log)
        bus = try RedisBus(address, key: key, on: loops.loops[0], patience: patience, log: log)
        client = RedisClient(address, on: loops.loops[0], pool: pool, patience: patience, log: log)
        subscriber = RedisSubscriber(address, on: loops.loops[0], pool: pool, log: log)
    }

    /// - Parameters:
    ///   - patience: more than the usual, so that on a busy machine nobody is late who is not meant to be.
    ///   - waits: until its connections are open.
    static func with(
        _ address: String, key: String = "key", patience: Duration = .seconds(100), waits: Bool = true,
        _ body: (RedisHouse) async throws -> Void
    ) async throws {
        guard let parsed = RedisAddress(address) else { throw NeverSo(description: "\(address) is no address") }
        let house = try RedisHouse(parsed, key: HMACSHA256(key: Array(key.utf8)), patience: patience)
        let work = [
            Task { await house.bus.run() }, Task { await house.client.run() }, Task { await house.subscriber.run() },
        ]
        let result: Result<Void, any Error>
        do {
            if waits {
                try await eventually("Redis is there") { house.client.isOpen && house.bus.isConnected }
            }
            result = .success(try await body(house))
        } catch { result = .failure(error) }
        for one in work {
            one.cancel()
            await one.value
        }
        await house.bus.close()
        await house.loops.shutdown()
        await house.pool.shutdown()
        try result.get()
    }

    func ask(_ words: String...) async throws -> RedisValue { try await client.ask(words.map { Array($0.utf8) }) }
}
