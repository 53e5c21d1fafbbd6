import BaseEncoding
import Cryptography
import FoundationEssentials
import TLS

/// The key by which an authority knows us, as JSON Web Signatures use it (RFC 7515, RFC 7518 3.4).
struct AccountKey: Sendable {
    let key: SigningKey

    /// The members of a JWK in the order in which RFC 7638 3.3 hashes them.
    private var webKey: String {
        #"{"crv":"P-256","kty":"EC","x":"\#(Base64.url.encode(key.x))","y":"\#(Base64.url.encode(key.y))"}"#
    }

    /// What is put up for a challenge (RFC 8555 8.1).
    func authorization(for token: String) -> String {
        token + "." + Base64.url.encode(SHA256.hash(Array(webKey.utf8)))
    }

    /// A request as ACME wants it (RFC 8555 6.2): signed, for one address and one nonce.
    ///
    /// - Parameters:
    ///   - account: the account's address; nil where there is none yet, and the key itself is told.
    ///   - payload: nil reads (`POST-as-GET`, 6.3).
    func request(
        to url: String, nonce: String, account: String?, payload: [UInt8]?
    ) throws -> [UInt8] {
        let known = account.map { #""kid":"\#($0)""# } ?? #""jwk":\#(webKey)"#
        let header = #"{"alg":"ES256",\#(known),"nonce":"\#(nonce)","url":"\#(url)"}"#
        let protected = Base64.url.encode(Array(header.utf8))
        let body = Base64.url.encode(payload ?? [])
        let signature = Base64.url.encode(try key.signature(of: Array("\(protected).\(body)".utf8)))
        return Array(#"{"protected":"\#(protected)","payload":"\#(body)","signature":"\#(signature)"}"#.utf8)
    }
}
