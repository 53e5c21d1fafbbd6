import CCrypt
import Cryptography

/// bcrypt by crypt(3) of libxcrypt, for hashes that other systems made.
struct Bcrypt: Sendable, Equatable {
    /// Doublings of the work; 14 takes about a second.
    private static let costs = 4...14
    private static let length = 60
    /// Of `struct crypt_data`, which is larger than what Swift reads of a C struct.
    private static let roomByteCount = 32_768

    /// `$2b$12$`, the salt of 22 characters, the hash of 31.
    let encoded: String

    /// Nil for what is none, and for what would stall the server. `$2x$` (a fault of old PHP) is not taken.
    init?(encoded: String) {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard encoded.utf8.count == Self.length, parts.count == 4, parts[0].isEmpty,
            ["2a", "2b", "2y"].contains(parts[1]),
            parts[2].utf8.count == 2, parts[2].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let cost = Int(parts[2]), Self.costs.contains(cost),
            parts[3].utf8.allSatisfy(Self.isCharacter)
        else { return nil }
        self.encoded = encoded
    }

    func matches(_ password: String) -> Bool {
        // For C a zero byte would be the end of the password.
        guard !password.utf8.contains(0) else { return false }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.roomByteCount, alignment: 16)
        room.initializeMemory(as: UInt8.self, repeating: 0)
        defer {
            // It holds the password.
            wipe(room)
            room.deallocate()
        }
        guard let hash = crypt_rn(password, encoded, room.baseAddress, Int32(clamping: room.count)) else {
            return false
        }
        return constantTimeEqual(String(cString: hash), encoded)
    }

    private static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
