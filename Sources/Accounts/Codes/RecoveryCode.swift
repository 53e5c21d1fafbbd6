import BaseEncoding
import Cryptography

/// Stands in for an authenticator that is lost, once: `k7f2q-mx4ab`, of 50 random bits.
struct RecoveryCode: Sendable, Hashable {
    /// That a person gets at a time.
    static let count = 10
    private static let length = 10

    /// In small letters, without the hyphen.
    let characters: String

    init() { characters = String(Base32.encode(Random.bytes(7)).prefix(Self.length)).lowercased() }

    /// As a person typed it; nil for what has another shape.
    init?(typed text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let typed = text.lowercased().filter { $0 != "-" && !$0.isWhitespace }
        guard typed.utf8.count == Self.length,
            typed.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (0x32...0x37).contains($0) }
            )
        else { return nil }
        characters = typed
    }

    /// As it is shown.
    var text: String { "\(characters.prefix(5))-\(characters.dropFirst(5))" }

    /// As many as a person gets, all different.
    static func fresh() -> [RecoveryCode] {
        var codes: Set<RecoveryCode> = []
        // bound: `count`.
        while codes.count < count { codes.insert(RecoveryCode()) }
        return Array(codes)
    }
}
