import BaseEncoding
import Cryptography

/// PBKDF2 and scrypt as Django writes them, for hashes that other systems made:
/// `pbkdf2_sha256$iterations$salt$hash` and `scrypt$n$salt$r$p$hash`.
struct DjangoHash: Sendable, Equatable {
    enum Function: Sendable, Equatable {
        case pbkdf2SHA256(iterations: Int32)
        case scrypt(PasswordDerivation.ScryptCost)
    }

    /// Django 6 makes 1,200,000; this many take about a second.
    private static let iterations: ClosedRange<Int32> = 1...4_000_000
    /// Django's take 16 MiB.
    private static let maximumScryptMemory: UInt64 = 64 << 20
    /// Of n · r · p; Django's is 655,360, and this many take about a second.
    private static let maximumScryptWork: UInt64 = 3 << 20
    private static let saltLengths = 1...128

    let function: Function
    let salt: [UInt8]
    let value: [UInt8]

    /// Nil for what is none, and for what would stall the server.
    init?(encoded: String) {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count >= 4, let value = Base64.standard.decode(parts[parts.count - 1]) else { return nil }
        let salt: Substring
        switch parts[0] {
        case "pbkdf2_sha256":
            guard parts.count == 4, value.count == 32, let iterations = Self.number(parts[1], as: Int32.self),
                Self.iterations.contains(iterations)
            else { return nil }
            function = .pbkdf2SHA256(iterations: iterations)
            salt = parts[2]
        case "scrypt":
            guard parts.count == 6, value.count == 64, let cost = Self.scryptCost([parts[1], parts[3], parts[4]]) else {
                return nil
            }
            function = .scrypt(cost)
            salt = parts[2]
        default: return nil
        }
        guard Self.saltLengths.contains(salt.utf8.count) else { return nil }
        self.salt = Array(salt.utf8)
        self.value = value
    }

    var encoded: String {
        let (salt, value) = (String(decoding: salt, as: UTF8.self), Base64.standard.encode(value))
        return switch function {
        case .pbkdf2SHA256(let iterations): "pbkdf2_sha256$\(iterations)$\(salt)$\(value)"
        case .scrypt(let cost): "scrypt$\(cost.n)$\(salt)$\(cost.r)$\(cost.p)$\(value)"
        }
    }

    func matches(_ password: String) throws -> Bool {
        // HMAC fills its key with zero bytes: with them a password would be as good as without.
        guard !password.utf8.contains(0) else { return false }
        let password = Array(password.utf8)
        let found =
            switch function {
            case .pbkdf2SHA256(let iterations):
                try PasswordDerivation.pbkdf2SHA256(
                    password, salt: salt, iterations: iterations, byteCount: value.count)
            case .scrypt(let cost):
                // The bound leaves room for what scrypt has beside its table.
                try PasswordDerivation.scrypt(
                    password, salt: salt, cost: cost, maximumMemory: 2 * Self.maximumScryptMemory,
                    byteCount: value.count)
            }
        return constantTimeEqual(found, value)
    }

    private static func scryptCost(_ texts: [Substring]) -> PasswordDerivation.ScryptCost? {
        let numbers = texts.compactMap { number($0, as: UInt64.self) }
        guard numbers.count == 3 else { return nil }
        let (n, r, p) = (numbers[0], numbers[1], numbers[2])
        // bound: each is below 2²⁰ when they are multiplied.
        guard (2...1 << 20).contains(n), n & (n - 1) == 0, (1...1 << 10).contains(r), (1...1 << 10).contains(p),
            128 * n * r <= maximumScryptMemory, 128 * r * p <= maximumScryptMemory, n * r * p <= maximumScryptWork
        else { return nil }
        return PasswordDerivation.ScryptCost(n: n, r: r, p: p)
    }

    /// In the one spelling that a number has: no sign, no zeros in front.
    private static func number<Number: FixedWidthInteger>(_ text: Substring, as: Number.Type) -> Number? {
        guard let number = Number(text), String(number) == text else { return nil }
        return number
    }
}
