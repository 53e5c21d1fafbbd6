/// What Redis answers (RESP, version 2).
enum RedisValue: Sendable, Equatable {
    case bytes([UInt8])
    case integer(Int)
    case list([RedisValue])
    case none
    /// A command that was not done, in Redis' words.
    case error(String)

    var text: String? {
        if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}

/// Why Redis did not answer, or not as was wanted.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// It cannot be reached, or the connection ended.
        case away
        /// It does not answer in time.
        case late
        /// More commands wait than may.
        case full
        /// It does not let us in, or not do what is needed.
        case refused
        /// What answers is no Redis.
        case noRedis = "no_redis"
        /// A command was not done.
        case failed

        /// It does not go away by itself.
        var isForPeople: Bool { self == .refused || self == .noRedis || self == .failed }
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// For an answer that is an error.
    static func answer(_ text: String) -> RedisError {
        let refusals = ["NOAUTH", "WRONGPASS", "NOPERM", "ERR AUTH", "ERR invalid password"]
        return RedisError(refusals.contains { text.hasPrefix($0) } ? .refused : .failed, text)
    }
}

/// A command as it travels: a list of byte strings.
enum RedisCommand {
    static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.reduce(16) { $0 + $1.count + 16 })
        bytes += "*\(words.count)\r\n".utf8
        for word in words {
            bytes += "$\(word.count)\r\n".utf8
            bytes += word
            bytes += "\r\n".utf8
        }
        return bytes
    }

    static func encode(_ words: String...) -> [UInt8] { encode(words.map { Array($0.utf8) }) }
}
