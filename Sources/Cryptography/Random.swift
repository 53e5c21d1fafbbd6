import BaseEncoding

/// Randomness of the system, fit for keys.
public enum Random {
    public static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
    }

    /// A token of `byteCount` random bytes in URL-safe characters.
    public static func token(byteCount: Int = 32) -> String { Base64.url.encode(bytes(byteCount)) }

    /// A password that a person can read aloud: groups of unambiguous characters with every kind that a policy may ask for,
    /// worth 100 bits.
    public static func password() -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyz")
        let capitals = Array("ABCDEFGHJKLMNPQRSTUVWXYZ")
        let digits = Array("23456789")
        let all = letters + capitals + digits
        var generator = SystemRandomNumberGenerator()
        var groups = (0..<4).map { _ in
            (0..<4).map { _ in all[Int.random(in: 0..<all.count, using: &generator)] }
        }
        groups.append([letters, capitals, digits].map { $0[Int.random(in: 0..<$0.count, using: &generator)] })
        return groups.map { String($0) }.joined(separator: "-")
    }
}
