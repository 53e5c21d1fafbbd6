import BaseEncoding
import Cryptography

/// A script that runs as a whole in Redis, which keeps it by its digest.
struct RedisScript: Sendable {
    /// What it is given.
    struct Words: Sendable {
        let keys: [String]
        let arguments: [String]

        init(keys: [String], _ arguments: [String]) { (self.keys, self.arguments) = (keys, arguments) }

        fileprivate func command(_ verb: String, _ script: [UInt8]) -> [[UInt8]] {
            [Array(verb.utf8), script] + (["\(keys.count)"] + keys + arguments).map { Array($0.utf8) }
        }
    }

    let text: String
    private let digest: [UInt8]

    init(_ text: String) {
        self.text = text
        digest = Array(Hex.encode(SHA1.hash(Array(text.utf8))).utf8)
    }

    func run(on client: RedisClient, _ words: Words) async throws(RedisError) -> RedisValue {
        do throws(RedisError) {
            return try await client.ask(words.command("EVALSHA", digest))
        } catch {
            // It keeps scripts no longer than itself.
            guard error.description.hasPrefix("NOSCRIPT") else { throw error }
            return try await client.ask(words.command("EVAL", Array(text.utf8)))
        }
    }

    /// Has it run where Redis knows it; nobody waits for the answer.
    func tell(_ client: RedisClient, _ words: Words) { client.tell(words.command("EVALSHA", digest)) }
}
