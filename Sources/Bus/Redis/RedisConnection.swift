import Reactor
import TLS

/// One connection to Redis, entered and in the right database, on one loop. Whoever has it closes it.
final class RedisConnection: @unchecked Sendable {
    // @unchecked: confined to the loop of `connection`, which checks.

    private let connection: Connection
    private let reader = RedisReplyReader()
    private var buffer = ByteBuffer(capacity: 16 << 10)

    private init(_ connection: Connection) { self.connection = connection }

    func close() { connection.close() }

    func send(_ bytes: [UInt8]) async throws { try await connection.write(bytes) }

    /// Waits for the next reply. One task reads.
    func next() async throws -> RedisValue {
        while true {
            if let value = try reader.next() { return value }
            guard try await connection.read(into: &buffer) > 0 else {
                throw RedisError(.away, "Redis ended the connection")
            }
            try buffer.withUnsafeReadableBytes { try reader.feed($0) }
            buffer.removeAll()
        }
    }

    /// Whether a whole reply can be had without waiting is not asked: for a connection on which nothing else is under way.
    func ask(_ words: String...) async throws -> RedisValue {
        try await send(RedisCommand.encode(words.map { Array($0.utf8) }))
        let value = try await next()
        if case .error(let text) = value { throw RedisError.answer(text) }
        return value
    }
}

extension RedisConnection {
    private static let patience = Duration.seconds(5)

    /// Call from a task that prefers `loop`.
    ///
    /// - Parameter pool: where names of hosts are looked up.
    /// - Throws: `RedisError`, whose words hold neither user nor password.
    static func open(_ address: RedisAddress, on loop: EventLoop, pool: BlockingPool) async throws -> RedisConnection {
        let connection: RedisConnection
        do {
            connection = RedisConnection(try await reach(address, on: loop, pool: pool))
        } catch {
            throw RedisError(.away, "\(address) is not reached: \(words(of: error))")
        }
        do {
            try await withTaskCancellationHandler {
                try await connection.enter(address)
            } onCancel: {
                loop.execute { connection.close() }
            }
            return connection
        } catch {
            connection.close()
            guard let error = error as? RedisError else {
                throw RedisError(.away, "\(address) is not reached: \(words(of: error))")
            }
            guard error.code == .refused else { throw RedisError(error.code, "\(address): \(error)") }
            throw RedisError(
                .refused, "\(address) refuses the user or the password of PALCO_REDIS: \(error)")
        }
    }

    private static func reach(
        _ address: RedisAddress, on loop: EventLoop, pool: BlockingPool
    ) async throws -> Connection {
        var numeric = [SocketAddress(host: address.host, port: address.port)]
        if IPAddress(address.host) == nil {
            numeric = try await pool.run { try SocketAddress.all(of: address.host, port: address.port) }
        }
        var failure: any Error = ListenerError.unknownHost(address.host)
        for place in numeric where !Task.isCancelled {
            do { return try await Connection.connect(to: place, on: loop, by: .now + patience) } catch {
                failure = error
            }
        }
        throw failure
    }

    private func enter(_ address: RedisAddress) async throws {
        if address.isSecure {
            let context = try TLSClientContext(authorities: address.authorities)
            try await connection.startTLS(context, with: address.host)
        }
        if let password = address.password {
            // With one word the password is that of the user "default", also for servers that know no users.
            if let user = address.user {
                _ = try await ask("AUTH", user, password)
            } else {
                _ = try await ask("AUTH", password)
            }
        }
        _ = try await ask("SELECT", "\(address.number)")
        connection.deadline = .distantFuture
    }

    private static func words(of error: any Error) -> String {
        switch error as? ConnectionError {
        case .disconnected(let error): "\(error)"
        case .tls(let error): "\(error)"
        case .timedOut: "it does not answer"
        default: "\(error)"
        }
    }
}
