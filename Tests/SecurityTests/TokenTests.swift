import BaseEncoding
import Cryptography
import FoundationEssentials
import Identifiers
import Testing

@testable import Security

@Suite("JSON Web Tokens")
struct JWTTests {
    struct Claims: TokenClaims, Equatable {
        var sub = "someone"
        var exp: Int64 = 2_000
        var iat: Int64 = 1_000
    }

    let tokens = JWT(secret: .ephemeral())

    @Test("What was signed comes back until it expires")
    func roundTrip() throws {
        let token = try tokens.sign(Claims())
        #expect(try tokens.verify(token, as: Claims.self, now: 1_999) == Claims())
        #expect(throws: JWTError.expired) { try tokens.verify(token, as: Claims.self, now: 2_000) }
        #expect(throws: JWTError.notYetValid) { try tokens.verify(token, as: Claims.self, now: 900) }
    }

    @Test("The signed token of RFC 7515 A.1 is good")
    func vector() throws {
        struct Joe: TokenClaims {
            var iss: String
            var exp: Int64
            var iat: Int64 { exp - 60 }
        }
        let key = Base64.url.decode(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
            + "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let claims = try JWT(key: #require(key)).verify(token, as: Joe.self, now: 1_300_819_379)
        #expect(claims.iss == "joe")
    }

    @Test(
        "A head that names no algorithm, another one, or an extension is refused, signed or not",
        arguments: [
            #"{"alg":"none"}"#, #"{"alg":"HS512","typ":"JWT"}"#, #"{"alg":"RS256"}"#, #"{"alg":"hs256"}"#,
            #"{"alg":"HS256","crit":["exp"]}"#, #"{"alg":"HS256","typ":"at+jwt"}"#,
        ])
    func heads(head: String) throws {
        let key = HMACSHA256(key: Random.bytes(32))
        let payload = try Base64.url.encode(JSONEncoder().encode(Claims()))
        let signed = "\(Base64.url.encode(head.utf8)).\(payload)"
        let code = Base64.url.encode(key.authenticationCode(for: Array(signed.utf8)))
        for token in ["\(signed).\(code)", "\(signed)."] {
            #expect(throws: JWTError.unsupported) { try tokens.verify(token, as: Claims.self, now: 1_500) }
        }
    }

    @Test("A changed character anywhere spoils the token")
    func damage() throws {
        let token = Array(try tokens.sign(Claims()).utf8)
        for position in token.indices {
            var damaged = token
            damaged[position] = damaged[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let text = String(decoding: damaged, as: UTF8.self)
            #expect(throws: JWTError.self) { try tokens.verify(text, as: Claims.self, now: 1_500) }
        }
    }

    @Test(
        "What is no token is malformed",
        arguments: ["", ".", "..", "a.b.c", "a.b.c.d", "eyJhbGciOiJIUzI1NiJ9", String(repeating: "a", count: 5_000)])
    func malformed(text: String) {
        #expect(throws: JWTError.malformed) { try tokens.verify(text, as: Claims.self, now: 1_500) }
    }

    @Test("A token of another installation is refused")
    func otherSecret() throws {
        let token = try JWT(secret: .ephemeral()).sign(Claims())
        #expect(throws: JWTError.badSignature) { try tokens.verify(token, as: Claims.self, now: 1_500) }
    }
}

@Suite("Grants")
struct GrantTests {
    enum Film {}
    enum Person {}
    enum Sitting {}

    static let watching = Grant.Purpose(rawValue: 1)
    static let opening = Grant.Purpose(rawValue: 2)

    let signer = GrantSigner(secret: .ephemeral())
    let film = Identifier<Film>()
    let person = Identifier<Person>()
    let sitting = Identifier<Sitting>()

    func grant(_ purpose: Grant.Purpose = watching) -> Grant {
        Grant(
            purpose, subject: film, holder: person, session: sitting, subjectMark: 0xFEDC_BA98, holderMark: 7,
            expiresAt: 5_000)
    }

    @Test("A grant is good for its subject and its purpose until it ends")
    func roundTrip() throws {
        let token = signer.sign(grant())
        #expect(token.utf8.count == GrantSigner.tokenLength)
        #expect(try signer.verify(token, for: film, Self.watching, now: 4_999) == grant())
        let read = try signer.verify(token[...], now: 4_999)
        #expect(read.holder == person.short && read.session == sitting.short)
        #expect(throws: GrantError.expired) { try signer.verify(token, for: film, Self.watching, now: 5_000) }
        #expect(throws: GrantError.otherSubject) {
            try signer.verify(token, for: Identifier<Film>(), Self.watching, now: 1)
        }
        #expect(throws: GrantError.otherPurpose) { try signer.verify(token, for: film, Self.opening, now: 1) }
        // What it says can be read when it is over.
        #expect(signer.read(token) == grant() && signer.read(token.dropLast()) == nil)
    }

    @Test("The same grant for another purpose is another token")
    func purposes() {
        #expect(signer.sign(grant(Self.watching)) != signer.sign(grant(Self.opening)))
    }

    @Test("An end beyond what can be written does not come around", arguments: [Int64.max, 1 << 32, -1])
    func ends(expiresAt: Int64) throws {
        var grant = grant()
        grant.expiresAt = expiresAt
        let token = signer.sign(grant)
        if expiresAt < 0 {
            #expect(throws: GrantError.expired) { try signer.verify(token, now: 0) }
        } else {
            #expect(try signer.verify(token, now: 0).expiresAt == Int64(UInt32.max))
        }
    }

    @Test("A grant for one edition says which, and one for the first is as short as ever")
    func editions() throws {
        let edition = Identifier<Film>()
        let token = signer.sign(grant().limited(to: edition))
        #expect(token.utf8.count == GrantSigner.tokenLengthWithEdition)
        let read = try signer.verify(token, for: film, Self.watching, now: 1)
        #expect(read == grant().limited(to: edition) && read.hasEdition && !grant().hasEdition)
        #expect(read.editionHigh == edition.high && read.editionLow == edition.low)
    }

    @Test("A changed character anywhere spoils the grant, and so does any other length", arguments: [false, true])
    func damage(hasEdition: Bool) throws {
        let grant = hasEdition ? grant().limited(to: Identifier<Film>()) : grant()
        let token = Array(signer.sign(grant).utf8)
        for position in token.indices {
            for replacement in "AQ_.=".utf8 where replacement != token[position] {
                var damaged = token
                damaged[position] = replacement
                let text = String(decoding: damaged, as: UTF8.self)
                #expect(throws: GrantError.invalid) { try signer.verify(text, now: 0) }
            }
            let cut = String(decoding: token[..<position], as: UTF8.self)
            #expect(throws: GrantError.invalid) { try signer.verify(cut, now: 0) }
        }
    }

    @Test("What was found good is remembered by all its characters, and its end is asked for each time")
    func remembered() throws {
        // More than are remembered, so that some have lost their places.
        let tokens = (0..<1_500).map {
            signer.sign(Grant(Self.watching, subject: film, holder: person, session: sitting, expiresAt: 5_000 + $0))
        }
        for _ in 0..<2 {
            for (number, token) in tokens.enumerated() {
                let end = Int64(5_000 + number)
                #expect(try signer.verify(token, now: end - 1).expiresAt == end)
                #expect(throws: GrantError.expired) { try signer.verify(token, now: end) }
            }
        }
        // Its place is chosen by its last characters, which stay here.
        let known = Array(try #require(tokens.last).utf8)
        for position in 0..<known.count - 8 {
            var damaged = known
            damaged[position] = damaged[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: GrantError.invalid) {
                try signer.verify(String(decoding: damaged, as: UTF8.self), now: 0)
            }
        }
    }

    @Test("A grant of another installation is refused")
    func otherKey() {
        let token = GrantSigner(secret: .ephemeral()).sign(grant())
        #expect(throws: GrantError.invalid) { try signer.verify(token, now: 0) }
    }

    @Test("Many tasks may check grants at once")
    func concurrency() async {
        let token = signer.sign(grant())
        let (signer, film) = (signer, film)
        let good = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { @concurrent in
                    (0..<2_000).count { _ in
                        (try? signer.verify(token, for: film, Self.watching, now: 1)) != nil
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(good == 16_000)
    }
}
