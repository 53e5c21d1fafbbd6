import Cryptography
import Reactor
import SQL
import Synchronization
import Telemetry

@testable import Bus
@testable import TestSupport

/// What one server has of channels and of presence, at work while a test's body runs.
final class ChannelHouse: Sendable {
    let loops: EventLoopGroup
    let redis: RedisBus?
    let database: Database
    let channels: ServerChannels
    let log = CapturedLog()

    private init(_ redis: String?, _ location: DatabaseLocation) async throws {
        loops = try EventLoopGroup(count: 2)
        let log = Log(level: .info, sink: log)
        let (key, loop) = (HMACSHA256(key: [1]), loops.loops[0])
        self.redis = try redis.flatMap { RedisAddress($0) }.map {
            try RedisBus($0, key: key, on: loop, patience: .seconds(100), log: log)
        }
        database = try await Database.open(location, migrations: [Presence.migrations])
        channels = ServerChannels(redis: self.redis, database: database, on: loop, log: log)
    }

    /// - Parameters:
    ///   - redis: its address; nil for a server that has none.
    ///   - location: of the database.
    static func with(
        _ redis: String?, _ location: DatabaseLocation, _ body: (ChannelHouse) async throws -> Void
    ) async throws {
        let house = try await ChannelHouse(redis, location)
        let work = [Task { await house.channels.run() }, Task { if let redis = house.redis { await redis.run() } }]
        let result: Result<Void, any Error>
        do { result = .success(try await body(house)) } catch { result = .failure(error) }
        for one in work {
            one.cancel()
            await one.value
        }
        await house.database.close()
        await house.redis?.close()
        await house.loops.shutdown()
        try result.get()
    }

    /// Follows a channel, and returns once all that others publish to it is heard.
    func follow(_ name: String) async throws -> Heard {
        let heard = Heard()
        channels.follow(name, heard.note)
        // Redis is told what is followed; by the database all is heard from the beginning.
        try await eventually("\(name) is followed") { self.redis == nil ? channels.isListening : heard.gaps > 0 }
        return heard
    }

    /// A presence with these members, at work while `body` runs. Afterwards it ends as by `kill -9`.
    ///
    /// - Parameter timing: of whoever is to be believed for a shorter time.
    func with(
        _ timing: Presence.Timing = Presence.Timing(), mostEntries: Int = 2000, _ body: (Presence) async throws -> Void
    ) async throws {
        let presence = Presence("rooms", channels: channels, timing: timing, mostEntries: mostEntries)
        let work = Task { await presence.work() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(presence)) } catch { result = .failure(error) }
        work.cancel()
        await work.value
        try result.get()
    }

    /// What came, in order.
    final class Heard: Sendable {
        private let news = Mutex<[ServerChannels.News]>([])
        var gaps: Int { news.withLock { $0.count { $0 == .gap } } }
        var messages: [[UInt8]] {
            news.withLock { $0.compactMap { if case .message(let bytes) = $0 { bytes } else { nil } } }
        }
        var texts: [String] { messages.map { String(decoding: $0, as: UTF8.self) } }
        func note(_ one: ServerChannels.News) { news.withLock { $0.append(one) } }
    }
}
