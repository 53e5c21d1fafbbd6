import BaseEncoding
import Cryptography
import FoundationEssentials
import Testing

@testable import Security

@Suite("Pairs of keys for tokens")
struct TokenKeysTests {
    struct Claims: TokenClaims, Equatable {
        var sub = "someone"
        var exp: Int64 = 2_000
        var iat: Int64 = 1_000
    }

    let tokens = JWT(secret: .ephemeral())

    static func keys(signing id: String, _ key: PrivateKey, old: [String: PrivateKey] = [:]) -> TokenKeys {
        var keys = TokenKeys(signing: (id, key))
        for (name, each) in old.merging([id: key], uniquingKeysWith: { first, _ in first }) {
            keys.verifying[name] = TokenKeys.Verifying(each.publicKey, each.algorithm)
        }
        return keys
    }

    static func changed(_ token: String, head: String) -> String {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        return "\(Base64.url.encode(head.utf8)).\(parts[1]).\(parts[2])"
    }

    func verify(_ token: String) throws -> Claims { try tokens.verify(token, as: Claims.self, now: 1_500) }

    @Test("A pair signs by its algorithm and names itself", arguments: [SignatureAlgorithm.rs256, .edDSA])
    func signs(algorithm: SignatureAlgorithm) throws {
        tokens.use(Self.keys(signing: "one", try PrivateKey(algorithm)))
        let token = try tokens.sign(Claims())
        let head = try #require(Base64.url.decode(token.split(separator: ".")[0]))
        #expect(String(decoding: head, as: UTF8.self) == #"{"alg":"\#(algorithm.rawValue)","kid":"one","typ":"JWT"}"#)
        #expect(try verify(token) == Claims())
        #expect(throws: JWTError.expired) { try tokens.verify(token, as: Claims.self, now: 2_000) }
    }

    @Test("What an old key signed, and what the secret did, is good as long as the key is known")
    func rotation() throws {
        let (old, new) = (try PrivateKey(.rs256), try PrivateKey(.edDSA))
        let bySecret = try tokens.sign(Claims())
        tokens.use(Self.keys(signing: "old", old))
        let byOld = try tokens.sign(Claims())
        tokens.use(Self.keys(signing: "new", new, old: ["old": old]))
        let byNew = try tokens.sign(Claims())
        for token in [bySecret, byOld, byNew] { #expect(try verify(token) == Claims()) }
        tokens.use(Self.keys(signing: "new", new))
        #expect(throws: JWTError.unknownKey) { try verify(byOld) }
        #expect(try verify(byNew) == Claims())
        tokens.use(TokenKeys())
        #expect(throws: JWTError.unknownKey) { try verify(byNew) }
        #expect(try verify(bySecret) == Claims())
    }

    @Test("The key decides about the algorithm: a public key is no secret, and no token chooses another one")
    func confusion() throws {
        let pair = try PrivateKey(.rs256)
        tokens.use(Self.keys(signing: "one", pair))
        let token = try tokens.sign(Claims())
        for algorithm in ["HS256", "PS256", "EdDSA", "none", "rs256"] {
            let other = Self.changed(token, head: #"{"alg":"\#(algorithm)","kid":"one","typ":"JWT"}"#)
            #expect(throws: JWTError.unsupported) { try verify(other) }
        }
        for head in [#"{"alg":"RS256","typ":"JWT"}"#, #"{"alg":"none"}"#] {
            #expect(throws: JWTError.unsupported) { try verify(Self.changed(token, head: head)) }
        }
        // Signed with what everybody may read, as if it were a secret.
        guard case .rsa(let modulus, _) = pair.publicKey.material else { throw JWTError.malformed }
        let payload = Base64.url.encode(try JSONEncoder().encode(Claims()))
        for head in [#"{"alg":"HS256","kid":"one"}"#, #"{"alg":"HS256"}"#] {
            let signed = "\(Base64.url.encode(head.utf8)).\(payload)"
            let code = HMACSHA256(key: modulus).authenticationCode(for: Array(signed.utf8))
            #expect(throws: JWTError.self) { try verify("\(signed).\(Base64.url.encode(code))") }
        }
    }

    @Test("A changed character anywhere spoils the token")
    func damage() throws {
        tokens.use(Self.keys(signing: "one", try PrivateKey(.edDSA)))
        let token = Array(try tokens.sign(Claims()).utf8)
        for position in token.indices {
            var damaged = token
            damaged[position] = damaged[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: JWTError.self) { try verify(String(decoding: damaged, as: UTF8.self)) }
        }
    }

    @Test("A token of another key under the same name is refused")
    func otherKey() throws {
        let other = JWT(secret: .ephemeral())
        other.use(Self.keys(signing: "one", try PrivateKey(.edDSA)))
        tokens.use(Self.keys(signing: "one", try PrivateKey(.edDSA)))
        #expect(throws: JWTError.badSignature) { try verify(try other.sign(Claims())) }
    }
}
