import BaseEncoding
import Cryptography
import FoundationEssentials

/// What an ID token must say (OpenID Connect Core 3.1.3.7), once its signature is known to be the issuer's.
struct IDTokenCheck: Sendable {
    /// Clocks may differ by so much, in seconds.
    static let leeway: Int64 = 60
    /// An ID token was made for this sign-in: an old one was kept somewhere.
    static let maximumAge: Int64 = 3_600

    let provider: ProviderDescription
    /// As the discovery document names it.
    let issuer: String
    /// Seconds since 1970.
    let now: Int64

    /// - Returns: the issuer by the one name that people are remembered under, and the subject.
    func check(
        _ claims: Claims, algorithm: SignatureAlgorithm, nonce: String, accessToken: String
    ) throws(OpenIDError) -> (issuer: String, subject: String) {
        let issuer = try checkedIssuer(claims)
        try checkAudience(claims)
        try checkTimes(claims)
        guard let told = claims["nonce"]?.text, constantTimeEqual(told, nonce) else { throw OpenIDError(.nonce) }
        if let hash = claims["at_hash"] {
            let digest = algorithm.hash(Array(accessToken.utf8))
            guard hash.text == Base64.url.encode(digest.prefix(digest.count / 2)) else {
                throw OpenIDError(.accessTokenHash)
            }
        }
        if let domain = provider.hostedDomain, claims["hd"]?.text != domain { throw OpenIDError(.hostedDomain) }
        return (issuer, try Self.subject(claims))
    }

    static func subject(_ claims: Claims) throws(OpenIDError) -> String {
        guard let subject = claims["sub"]?.text, !subject.isEmpty, subject.utf8.count <= OutsidePerson.longestSubject,
            subject.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw OpenIDError(.subject) }
        return subject
    }

    func checkedIssuer(_ claims: Claims) throws(OpenIDError) -> String {
        guard let told = claims["iss"]?.text else { throw OpenIDError(.issuer) }
        if provider.hasTenants, issuer.contains("{tenantid}") {
            // The tenant is part of who somebody is.
            guard let tenant = claims["tid"]?.text, (1...64).contains(tenant.utf8.count),
                tenant.utf8.allSatisfy({ Self.isTenantByte($0) }),
                issuer.replacing("{tenantid}", with: tenant) == told
            else { throw OpenIDError(.issuer) }
            return told
        }
        guard told == issuer || provider.issuerAliases.contains(told) else { throw OpenIDError(.issuer) }
        return issuer
    }

    func checkAudience(_ claims: Claims) throws(OpenIDError) {
        guard let audiences = claims["aud"]?.texts, audiences.contains(provider.clientID) else {
            throw OpenIDError(.audience)
        }
        let party = claims["azp"]
        guard audiences.count == 1 || party != nil, party == nil || party?.text == provider.clientID else {
            throw OpenIDError(.authorizedParty)
        }
    }

    func checkTimes(_ claims: Claims) throws(OpenIDError) {
        guard let end = claims["exp"]?.time, now < end + Self.leeway else { throw OpenIDError(.expired) }
        guard let start = claims["iat"]?.time, start <= now + Self.leeway, start >= now - Self.maximumAge else {
            throw OpenIDError(.issuedAt)
        }
        if let begin = claims["nbf"] {
            guard let time = begin.time, time <= now + Self.leeway else { throw OpenIDError(.notBefore) }
        }
    }

    private static func isTenantByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
