import Cryptography

/// What stands in a link that lets its holder do one thing. Only its hash is kept, but for the mail that waits to be sent.
struct LinkToken: Sendable {
    let text: String

    /// 256 random bits.
    init() { text = Random.token(byteCount: 32) }

    init(_ text: String) { self.text = text }

    /// It is random, so a plain hash is enough.
    var hash: [UInt8] { SHA256.hash(text) }
}
