import BaseEncoding
import Cryptography
import Reactor
import Synchronization
import Telemetry

/// What the servers of an installation have in common in one Redis: limits, and channels on which each hears the others.
///
/// The same Redis may serve several installations: the names of all keys and channels begin with a mark that is made of the
/// installation's key.
public final class RedisBus: Sendable {
    public let limits: RedisLimits
    private let client: RedisClient
    private let subscriber: RedisSubscriber
    /// Where names of hosts are looked up: it can take long, and nobody else must wait for it.
    private let pool: BlockingPool
    private let namespace: String
    private let published = Atomic(0)
    private let received = Atomic(0)

    /// Connects when `run` is called.
    ///
    /// - Parameters:
    ///   - key: the same on all servers, and on those of no other installation.
    ///   - patience: tests on a busy machine have more.
    /// - Throws: where there is no thread.
    public init(
        _ address: RedisAddress, key: HMACSHA256, on loop: EventLoop, patience: Duration = RedisClient.usualPatience,
        log: Log
    ) throws {
        pool = try BlockingPool(name: "redis-names", threads: 1)
        namespace = "palco:" + Hex.encode(Array(key.authenticationCode(for: Array("namespace".utf8)).prefix(8)))
        client = RedisClient(address, on: loop, pool: pool, patience: patience, log: log)
        subscriber = RedisSubscriber(address, on: loop, pool: pool, log: log)
        limits = RedisLimits(client, namespace: namespace, key: key, log: log)
    }

    /// Keeps both connections open until its task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [client] in await client.run() }
            group.addTask { [subscriber] in await subscriber.run() }
        }
    }

    /// Ends the thread, once `run` has returned.
    public func close() async { await pool.shutdown() }

    public var isConnected: Bool { client.isOpen }

    /// Whether what others publish is heard.
    public var isHearing: Bool { subscriber.isOpen }

    /// Messages that were handed to Redis, and that came from it.
    public var messageCounts: (published: Int, received: Int) {
        (published.load(ordering: .relaxed), received.load(ordering: .relaxed))
    }

    /// Tells all who follow `name`, this server as well. Waits for nothing.
    ///
    /// - Returns: false where Redis is away. True is no promise that it arrives.
    @discardableResult
    public func publish(_ message: [UInt8], to name: String) -> Bool {
        let isSent = client.tell([Array("PUBLISH".utf8), Array(self.name(name).utf8), message])
        if isSent { published.wrappingAdd(1, ordering: .relaxed) }
        return isSent
    }

    /// See `RedisSubscriber.follow`.
    public func follow(_ name: String, _ listener: @escaping RedisSubscriber.Listener) {
        subscriber.follow(self.name(name)) { [weak self] news in
            if case .message = news { self?.received.wrappingAdd(1, ordering: .relaxed) }
            listener(news)
        }
    }

    public func leave(_ name: String) { subscriber.leave(self.name(name)) }

    /// How many channels are followed here.
    public var channelCount: Int { subscriber.channelCount }

    /// Of a channel or a key, as Redis knows it.
    func name(_ name: String) -> String { "\(namespace):\(name)" }

    /// Waits for the client's patience at most.
    func run(_ script: RedisScript, _ words: RedisScript.Words) async throws(RedisError) -> RedisValue {
        try await script.run(on: client, words)
    }
}
