import BaseEncoding
import Identifiers
import Security
import Storage

private enum Thing {}

private struct Claims: TokenClaims {
    var sub: String
    var exp: Int64
    var iat: Int64
}

private let secret = SigningSecret(bytes: [UInt8](repeating: 7, count: 32)) ?? .ephemeral()
private let tokens = JWT(secret: secret)
private let grants = GrantSigner(secret: secret)

/// Whatever strangers send to be let in: tokens, grants, ids, stored hashes and names. What is read has one spelling.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzToken(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    precondition((try? tokens.verify(text, as: Claims.self, now: 0)) == nil, "a token without our signature")
    if let grant = try? grants.verify(text, now: 0) { precondition(grants.sign(grant) == text) }
    for coding in [Base64.standard, .unpadded, .url] {
        if let bytes = coding.decode(text) { precondition(coding.encode(bytes) == text) }
    }
    if let bytes = Hex.decode(text) { precondition(Hex.encode(bytes) == text.lowercased()) }
    if let id = Identifier<Thing>(text) { precondition(id.description == text.lowercased()) }
    if let hash = try? PasswordHash(encoded: text) { precondition((try? PasswordHash(encoded: hash.encoded)) == hash) }
    if let key = BlobKey(text) {
        precondition(key.description == text && key.components.allSatisfy { !$0.isEmpty && $0.first != "." })
    }
    return 0
}
