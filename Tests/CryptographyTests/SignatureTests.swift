import BaseEncoding
import FoundationEssentials
import Testing

@testable import Cryptography

@Suite("Signatures and their keys")
struct SignatureTests {
    /// What others signed: the appendices of the standards, and one of another library for PS256, which has none.
    struct Sample: Sendable, CustomTestStringConvertible {
        var testDescription: String { algorithm.rawValue }
        var algorithm: SignatureAlgorithm
        var key: String
        var message: String
        var signature: String
    }

    static let payload =
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    static let samples = [
        // RFC 7515 A.2
        Sample(
            algorithm: .rs256,
            key: #"{"kty":"RSA","e":"AQAB","n":""#
                + "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
                + "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
                + "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"
                + "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
                + #""}"#,
            message: "eyJhbGciOiJSUzI1NiJ9" + payload,
            signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
                + "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
                + "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY"
                + "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"),
        // RFC 7515 A.3
        Sample(
            algorithm: .es256,
            key: #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
                + #""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            message: "eyJhbGciOiJFUzI1NiJ9" + payload,
            signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
        // RFC 8037 A.4
        Sample(
            algorithm: .edDSA,
            key: #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            message: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
        Sample(
            algorithm: .ps256,
            key: #"{"kty":"RSA","e":"AQAB","n":""#
                + "m55YGJr7QgtXfDWEheaqELAT08D1OOTjB_eE7hWCvc-x0frWvB3xBh7q72TR2xdQgW76qVpd0VHEd17DnTfB1cGdsU"
                + "4XgiAPhUGEpncADLP8jFUM2fuln0Z8RFfQF_XMaUxp8946MYmPsNQlXPQ_INbKkSjdtJQwDxMtqtpWlH5iTs2Q32G_"
                + "jsEp3zu-uQZVS28CPdcS4518f1rsgQmXzRNdaTe4LUa3xPwtcrzjJD-EOyegzVnyRLTmr8xNt-rCrO3YMvatFvcxRm"
                + "KM5_fMsIP6pxM-X2v4-toJ47CU59FXcpjAIaBwxbieceyxNwdr9GiifFpIyNjfYk9kymUFaw"
                + #""}"#,
            message: "PS256 by another library",
            signature: "IyEWvPMywxb97ifdGcxVy2wBcwt6TBmX0rT2VU9XcHpZhSV-5qa16kSiwJ89fHYSDpeAyLJmsn__x-DumZ3OLlrkto"
                + "u2lnvUlrnPLL2l8cPAC-ewwwjPyq4t6VIGN6u4JgpNmpwMzTihZ-2tECz_FUD1Eq6Dl54GBZBtOSjCRnuDn9JZde_O"
                + "dM0Ezp4c9O8-TQKMcNbf8gyW-Rztfex7MI7-MXOf27NzJMO1sQ4psa3gOpVrZVVEXbut9CUKldpjZ3ZV3s2xx6psGU"
                + "cchBWe-u5MGWrfkYBRy86s-BGytC5eKdrfkDI14AjWhQnsc5LRxK6Jv9nTSLeoR88pHAep-g"),
    ]

    static func key(_ text: String) throws -> WebKey { try JSONDecoder().decode(WebKey.self, from: Data(text.utf8)) }

    @Test("What others signed is good, and nothing near it", arguments: samples)
    func ofOthers(sample: Sample) throws {
        let key = try #require(try Self.key(sample.key).publicKey)
        let message = Array(sample.message.utf8)
        let signature = try #require(Base64.url.decode(sample.signature))
        #expect(key.isValid(signature, for: message, by: sample.algorithm))
        for algorithm in SignatureAlgorithm.allCases where algorithm != sample.algorithm {
            #expect(!key.isValid(signature, for: message, by: algorithm))
        }
        for position in signature.indices {
            var damaged = signature
            damaged[position] ^= 1
            #expect(!key.isValid(damaged, for: message, by: sample.algorithm))
        }
        #expect(!key.isValid(signature, for: message + [0], by: sample.algorithm))
        #expect(!key.isValid(signature + [0], for: message, by: sample.algorithm))
        #expect(!key.isValid(Array(signature.dropLast()), for: message, by: sample.algorithm))
        #expect(!key.isValid([], for: message, by: sample.algorithm))
        #expect(!key.isValid([UInt8](repeating: 0, count: signature.count), for: message, by: sample.algorithm))
    }

    @Test(
        "Own keys sign, come back from their bytes, and are told as JSON",
        arguments: [SignatureAlgorithm.rs256, .edDSA])
    func own(algorithm: SignatureAlgorithm) throws {
        let key = try PrivateKey(algorithm)
        let again = try PrivateKey(der: try key.der())
        #expect(again.algorithm == algorithm && again.publicKey.material == key.publicKey.material)
        let signature = try again.signature(of: Array("hello".utf8))
        let told = try JSONEncoder().encode(WebKey(key.publicKey, algorithm: algorithm))
        let web = try JSONDecoder().decode(WebKey.self, from: told)
        #expect(web.kid == web.thumbprint && web.alg == algorithm.rawValue && web.use == "sig")
        let read = try #require(web.publicKey)
        #expect(read.isValid(signature, for: Array("hello".utf8), by: algorithm))
        #expect(!read.isValid(signature, for: Array("hallo".utf8), by: algorithm))
        #expect(!"\(key)".contains("hello") && "\(key)" == "[private key]")
        // Nothing of the private half is among what is published.
        #expect(!String(decoding: told, as: UTF8.self).contains("\"d\""))
    }

    @Test("Only algorithms that are signed with have private keys", arguments: [SignatureAlgorithm.ps256, .es256])
    func others(algorithm: SignatureAlgorithm) {
        #expect(throws: CryptographyError.self) { try PrivateKey(algorithm) }
        #expect(throws: CryptographyError.self) { try PrivateKey(der: Array("no key".utf8)) }
    }

    @Test("A thumbprint is that of the standards")
    func thumbprints() throws {
        // RFC 7638 3.1; members that do not make the key do not count.
        let key = try Self.key(
            #"{"kty":"RSA","alg":"RS256","kid":"2011-04-29","e":"AQAB","n":""#
                + "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"
                + "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
                + "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"
                + "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
                + #""}"#)
        #expect(key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        // RFC 8037 A.3
        #expect(try Self.key(Self.samples[2].key).thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(try Self.key(#"{"kty":"oct","k":"AQAB"}"#).thumbprint == nil)
    }

    @Test(
        "Keys that are too small or too large, no points of their curve, or not for signatures are none",
        arguments: [
            // 1024 bits
            rsa(bits: 1_024), rsa(bits: 2_047), rsa(bits: 8_193), rsa(bits: 2_048, exponent: "AQ"),
            rsa(bits: 2_048, exponent: "Ag"), rsa(bits: 2_048, exponent: ""), rsa(bits: 2_048, exponent: "AQAAAAAB"),
            #"{"kty":"RSA","e":"AQAB","n":""}"#, #"{"kty":"RSA","e":"AQAB"}"#, #"{"kty":"RSA","e":"AQAB","n":"!"}"#,
            // Another point than one of the curve.
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#,
            #"{"kty":"EC","crv":"P-384","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2","y":"x_FEzRu9"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"OKP","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"oct","k":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, #"{"kty":"RSA","crv":"P-256"}"#,
        ])
    func unusable(text: String) throws {
        #expect(try Self.key(text).publicKey == nil)
    }

    /// An odd number of so many bits.
    static func rsa(bits: Int, exponent: String = "AQAB") -> String {
        var bytes = [UInt8](repeating: 0xA5, count: (bits + 7) / 8)
        bytes[0] = bits % 8 == 0 ? 0x80 : 1 << UInt8(bits % 8 - 1)
        return #"{"kty":"RSA","e":"\#(exponent)","n":"\#(Base64.url.encode(bytes))"}"#
    }

    @Test("The smallest and the largest RSA key are taken, with a zero before them as well")
    func sizes() throws {
        for bits in [2_048, 8_192] { #expect(try Self.key(Self.rsa(bits: bits)).publicKey != nil) }
        let bytes = [0, 0x80] + [UInt8](repeating: 0xA5, count: 255)
        let text = #"{"kty":"RSA","e":"AQAB","n":"\#(Base64.url.encode(bytes))"}"#
        #expect(try Self.key(text).publicKey != nil)
    }

    @Test("Members of a set that are no keys are passed over")
    func sets() throws {
        let text = #"{"keys":[1,null,{"kty":5},{"kty":"new"},\#(Self.samples[2].key)]}"#
        let keys = try JSONDecoder().decode(WebKeySet.self, from: Data(text.utf8)).keys
        #expect(keys.compactMap(\.publicKey).count == 1)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(WebKeySet.self, from: Data("{}".utf8)) }
    }
}
