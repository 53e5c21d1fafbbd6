import BaseEncoding
import Reactor

/// Presence in Redis: for each topic and server one hash of members, and for each topic the servers with their last beats. All of them
/// expire, so what is not kept takes no room.
struct RedisPresence: PresenceStore {
    /// Topics that beat together.
    private static let piece = 100

    /// KEYS: the servers of a topic, this server's members. ARGV: this server, milliseconds that it lasts, whether all is written, the
    /// number of those present, their ids and values, the ids of those who are gone.
    private static let writing = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        if ARGV[3] == '1' then redis.call('DEL', KEYS[2]) end
        local last = 4 + 2 * tonumber(ARGV[4])
        for i = 5, last, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
        for i = last + 1, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
        if redis.call('EXISTS', KEYS[2]) == 0 then
            redis.call('ZREM', KEYS[1], ARGV[1])
        else
            redis.call('PEXPIRE', KEYS[2], ARGV[2])
            redis.call('ZADD', KEYS[1], now, ARGV[1])
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
        end
        return 0
        """)

    /// KEYS: as above, for each topic. ARGV: this server, milliseconds, the number of members in each. Answers which of the topics, counted
    /// from 1, do not have so many.
    private static let beating = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local wrong = {}
        for i = 1, #KEYS, 2 do
            local number = (i + 1) / 2
            if redis.call('HLEN', KEYS[i + 1]) == tonumber(ARGV[2 + number]) then
                redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
                redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - ARGV[2])
                redis.call('ZADD', KEYS[i], now, ARGV[1])
                redis.call('PEXPIRE', KEYS[i], ARGV[2])
            else
                wrong[#wrong + 1] = number
            end
        end
        return wrong
        """)

    /// KEYS: the servers of a topic. ARGV: milliseconds that a server lasts, what stands before and after a server in the names of its
    /// members. Answers how many different ones there are.
    private static let counting = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local servers = redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')
        if #servers == 1 then return redis.call('HLEN', ARGV[2] .. servers[1] .. ARGV[3]) end
        local known, count = {}, 0
        for _, server in ipairs(servers) do
            for _, id in ipairs(redis.call('HKEYS', ARGV[2] .. server .. ARGV[3])) do
                if not known[id] then
                    known[id] = true
                    count = count + 1
                end
            end
        end
        return count
        """)

    /// The same, and the most that are answered: ids and values, by their ids.
    private static let listing = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local servers = redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')
        local ids, values = {}, {}
        for _, server in ipairs(servers) do
            local fields = redis.call('HGETALL', ARGV[2] .. server .. ARGV[3])
            for i = 1, #fields, 2 do
                local known = values[fields[i]]
                if not known then ids[#ids + 1] = fields[i] end
                if not known or known < fields[i + 1] then values[fields[i]] = fields[i + 1] end
            end
        end
        table.sort(ids)
        local found = {}
        for i = 1, math.min(#ids, tonumber(ARGV[4])) do
            found[2 * i - 1] = ids[i]
            found[2 * i] = values[ids[i]]
        end
        return found
        """)

    let redis: RedisBus
    let name: String
    let server: String
    /// Milliseconds.
    let patience: String

    init(_ name: String, redis: RedisBus, server: [UInt8], patience: Duration) {
        self.redis = redis
        self.name = name
        self.server = Hex.encode(server)
        self.patience = "\(patience.wholeNanoseconds / 1_000_000)"
    }

    /// Two names that no topic can make alike.
    private func keys(of topic: String) -> [String] { [servers(of: topic), before + server + after(topic)] }

    private func servers(of topic: String) -> String { redis.name("present:\(name):\(topic)") }
    private var before: String { redis.name("members:") }
    private func after(_ topic: String) -> String { ":\(name):\(topic)" }

    func write(_ changes: [PresenceChange]) async throws {
        for change in changes {
            let arguments = [server, patience, change.isWhole ? "1" : "0", "\(change.present.count)"]
            let words = RedisScript.Words(
                keys: keys(of: change.topic), arguments + change.present.flatMap { [$0.id, $0.value] } + change.gone)
            _ = try await redis.run(Self.writing, words)
        }
    }

    func beat(_ counts: [String: Int]) async throws -> [String] {
        var wrong: [String] = []
        var rest = counts.map { (topic: $0.key, count: $0.value) }[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.piece))
            rest = rest.dropFirst(some.count)
            let words = RedisScript.Words(
                keys: some.flatMap { keys(of: $0.topic) }, [server, patience] + some.map { "\($0.count)" })
            guard case .list(let found) = try await redis.run(Self.beating, words) else { throw Self.strange }
            for case .integer(let number) in found where some.indices.contains(number - 1) {
                wrong.append(some[number - 1].topic)
            }
        }
        return wrong
    }

    func forget(_ topics: [String]) async throws {
        try await write(topics.map { PresenceChange(topic: $0, isWhole: true, present: [], gone: []) })
    }

    func count(of topic: String) async throws -> Int {
        let words = RedisScript.Words(keys: [servers(of: topic)], [patience, before, after(topic)])
        guard case .integer(let count) = try await redis.run(Self.counting, words) else { throw Self.strange }
        return count
    }

    func members(of topic: String, limit: Int) async throws -> [Presence.Member] {
        let words = RedisScript.Words(keys: [servers(of: topic)], [patience, before, after(topic), "\(limit)"])
        guard case .list(let fields) = try await redis.run(Self.listing, words) else { throw Self.strange }
        let texts = fields.compactMap(\.text)
        return stride(from: 0, to: texts.count - 1, by: 2).map { Presence.Member(id: texts[$0], value: texts[$0 + 1]) }
    }

    private static let strange = RedisError(.failed, "a script of presence answers something else")
}
