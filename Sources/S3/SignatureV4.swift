import BaseEncoding
import Cryptography
import HTTP

/// Signature Version 4 (AWS General Reference, "Signing AWS API requests") in the shape that S3 wants: the path is signed
/// as it is sent, without tidying it up or encoding it twice. Values in, text out.
struct SignatureV4 {
    let credentials: S3Credentials
    let region: String
    var service = "s3"
    let time: SigningTime

    /// What is signed of a request.
    struct Request {
        var method: String
        /// Percent-encoded.
        var path: String
        /// Not encoded.
        var query: [(name: String, value: String)] = []
        /// All that are to be signed, `host` among them.
        var headers: [(name: String, value: String)]
        /// SHA-256 of the body in hexadecimal, or `unsigned`.
        var payloadHash: String
    }

    /// For addresses that somebody else sends, of which the body is not known.
    static let unsigned = "UNSIGNED-PAYLOAD"

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// The value of `Authorization`.
    func authorization(for request: Request) -> String {
        "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
            + "SignedHeaders=\(Self.signedHeaders(request)), Signature=\(signature(of: request))"
    }

    /// The encoded query of an address that opens without header fields, for `seconds` (a week at most).
    func presignedQuery(for request: Request, seconds: Int) -> String {
        var request = request
        request.query += [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
            ("X-Amz-Date", time.text), ("X-Amz-Expires", "\(seconds)"),
            ("X-Amz-SignedHeaders", Self.signedHeaders(request)),
        ]
        if let token = credentials.sessionToken { request.query.append(("X-Amz-Security-Token", token)) }
        return Self.canonicalQuery(request.query) + "&X-Amz-Signature=\(signature(of: request))"
    }

    private var scope: String { "\(time.day)/\(region)/\(service)/aws4_request" }

    // MARK: The steps

    func signature(of request: Request) -> String {
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in [time.day, region, service, "aws4_request"] { key = Self.code(key, part) }
        return Hex.encode(Self.code(key, textToSign(request)))
    }

    func textToSign(_ request: Request) -> String {
        [Self.algorithm, time.text, scope, Hex.encode(SHA256.hash(Self.canonical(request)))].joined(separator: "\n")
    }

    static func canonical(_ request: Request) -> String {
        let headers = sorted(request.headers).map { "\($0.name):\($0.value)\n" }.joined()
        return [
            request.method, request.path, canonicalQuery(request.query), headers, signedHeaders(request),
            request.payloadHash,
        ].joined(separator: "\n")
    }

    /// Encoded and in order; sent in the same spelling.
    static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
        query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private static func signedHeaders(_ request: Request) -> String {
        sorted(request.headers).map(\.name).joined(separator: ";")
    }

    private static func sorted(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        headers.map { ($0.name.lowercased(), withoutRuns($0.value)) }.sorted { $0.0 < $1.0 }
    }

    /// Without spaces at the ends, and one in place of several.
    private static func withoutRuns(_ value: String) -> String { value.split(separator: " ").joined(separator: " ") }

    private static func code(_ key: [UInt8], _ text: String) -> [UInt8] {
        HMACSHA256(key: key).authenticationCode(for: Array(text.utf8))
    }
}

/// A second of UTC as signatures write it.
struct SigningTime: Sendable, Equatable {
    /// `20130524`
    let day: String
    /// `20130524T000000Z`
    let text: String

    /// - Parameter secondsSince1970: of a year from 1970 to 9999; what lies outside counts as that end.
    init(secondsSince1970: Int) {
        let seconds = min(max(secondsSince1970, 0), 253_402_300_799)
        // `Sun, 06 Nov 1994 08:49:37 GMT`
        let words = HTTPDate(secondsSince1970: seconds).description.split { $0 == " " || $0 == ":" }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = (months.firstIndex { $0 == words[2] } ?? 0) + 1
        day = "\(words[3])\(month < 10 ? "0" : "")\(month)\(words[1])"
        text = "\(day)T\(words[4])\(words[5])\(words[6])Z"
    }
}
