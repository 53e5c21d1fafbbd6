import CTLS
import Synchronization

/// The keys of session tickets (RFC 8446 4.6.1, RFC 5077), shared by all loops and kept across reloads of certificates, so
/// that a client resumes whichever thread it meets. A key makes tickets for `lifetime` and opens them for another one.
public final class TicketKeys: Sendable {
    struct Key: Sendable {
        /// Names the key in the ticket.
        var name: [UInt8]
        var aes: [UInt8]
        var hmac: [UInt8]
        /// Seconds of the caller's clock.
        var madeAt: Int64
    }

    static let nameByteCount = 16
    private let keys: Mutex<[Key]> = Mutex([])
    private let lifetime: Int64
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - lifetime: seconds for which a key makes tickets.
    ///   - now: seconds of a clock that never goes back.
    public init(lifetime: Int64 = 12 * 3600, now: @escaping @Sendable () -> Int64) {
        self.lifetime = lifetime
        self.now = now
    }

    /// How many are kept.
    var count: Int { keys.withLock(\.count) }

    /// The key that makes tickets now; nil where the system has no randomness.
    func current() -> Key? {
        let time = now()
        return keys.withLock { keys in
            if let newest = keys.first, time - newest.madeAt < lifetime { return newest }
            guard let key = Self.make(at: time) else { return nil }
            keys = [key] + keys.filter { time - $0.madeAt < 2 * lifetime }
            return key
        }
    }

    /// The key of that name, if it still opens tickets; whether a new ticket is due.
    func key(named name: [UInt8]) -> (key: Key, isOld: Bool)? {
        let time = now()
        return keys.withLock { keys in
            guard let key = keys.first(where: { $0.name == name }), time - key.madeAt < 2 * lifetime else { return nil }
            return (key, time - key.madeAt >= lifetime)
        }
    }

    private static func make(at time: Int64) -> Key? {
        var bytes = [UInt8](repeating: 0, count: nameByteCount + 64)
        guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        return Key(
            name: Array(bytes[..<nameByteCount]), aes: Array(bytes[nameByteCount..<nameByteCount + 32]),
            hmac: Array(bytes[(nameByteCount + 32)...]), madeAt: time)
    }
}

/// OpenSSL's callback for tickets: AES-256-CBC and HMAC-SHA-256 (RFC 5077 4). 1: go on, 2: go on and make a new ticket,
/// 0: no such key, so a whole handshake follows.
func useTicketKey(
    _ keys: TicketKeys, _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>,
    _ cipher: OpaquePointer, _ mac: OpaquePointer, isMaking: Bool
) -> Int32 {
    let found: (key: TicketKeys.Key, isOld: Bool)
    if isMaking {
        guard let key = keys.current(), RAND_bytes(vector, 16) == 1 else { return -1 }
        for (index, byte) in key.name.enumerated() { name[index] = byte }
        found = (key, false)
    } else {
        let wanted = Array(UnsafeBufferPointer(start: name, count: TicketKeys.nameByteCount))
        guard let known = keys.key(named: wanted) else { return 0 }
        found = known
    }
    let key = found.key
    let isReady =
        isMaking
        ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.aes, vector)
        : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.aes, vector)
    guard isReady == 1, ctls_set_mac_key(mac, key.hmac, key.hmac.count) == 1 else { return -1 }
    return found.isOld ? 2 : 1
}
