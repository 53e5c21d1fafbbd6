import FoundationEssentials

/// Where an authority is asked for what (RFC 8555 7.1.1).
struct ACMEDirectory: Decodable, Sendable {
    var newNonce: String
    var newAccount: String
    var newOrder: String
}

/// What an order has come to (7.1.3).
struct ACMEOrder: Decodable, Sendable {
    enum Status: String, Decodable, Sendable { case pending, ready, processing, valid, invalid }
    struct Identifier: Codable, Sendable {
        var type = "dns"
        var value: String
    }

    var status: Status
    var authorizations: [String]
    var finalize: String
    var certificate: String?
    var error: ACMEProblem?
}

/// Whether a name was shown to be ours (7.1.4).
struct ACMEAuthorization: Decodable, Sendable {
    enum Status: String, Decodable, Sendable { case pending, valid, invalid, deactivated, expired, revoked }

    struct Challenge: Decodable, Sendable {
        var type: String
        var url: String
        var token: String?
        var error: ACMEProblem?
    }

    var status: Status
    var identifier: ACMEOrder.Identifier
    var challenges: [Challenge]
}

/// Why it says no (RFC 7807, RFC 8555 6.7).
struct ACMEProblem: Decodable, Sendable {
    var type: String?
    var detail: String?

    /// Without the part that all of ACME's types have in common.
    var kind: String { type.map { String($0.split(separator: ":").last ?? "unknown") } ?? "unknown" }
    /// Bounded: it goes into logs and onto pages.
    var words: String { String((detail ?? "without saying why").prefix(500)) }
}
