import BaseEncoding
import Cryptography
import HTTP
import HTTPClient

/// One operation as it is asked of the server, before it is signed.
struct S3Call: Sendable {
    /// For errors: `store videos/1/original`.
    let task: String
    var method: Request.Method
    /// With the bucket itself for nil; without the location's prefix.
    var key: String?
    var query: [(name: String, value: String)]
    var headers: [(name: String, value: String)]
    var body: S3Body?
    /// Of the body.
    var sha256: [UInt8]
    /// The most that comes back.
    var answerByteCount = XMLReader.mostBytes
    /// How long the server may think beyond what others may.
    var patience = Duration.zero

    /// SHA-256 of nothing.
    static let emptyHash = SHA256.hash([UInt8]())

    init(
        _ task: String, method: Request.Method = .get, key: String? = nil, query: [(String, String)] = [],
        headers: [(String, String)] = [], body: S3Body? = nil, sha256: [UInt8] = S3Call.emptyHash
    ) {
        self.task = task
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
        self.sha256 = sha256
    }
}

extension S3Client {
    func check(_ key: String, _ task: String) throws(S3Error) {
        guard S3Key.isValid(key), (location.prefix + key).utf8.count <= S3Key.longest else {
            throw S3Error(
                .invalidRequest, task,
                "a key has 1 to \(S3Key.longest) bytes, no NUL, and no empty part, . or .. between its slashes")
        }
    }

    func signature(_ credentials: S3Credentials) -> SignatureV4 {
        SignatureV4(
            credentials: credentials, region: location.region, time: SigningTime(secondsSince1970: clock.now))
    }

    /// What goes over the wire, signed for this moment.
    func request(for call: S3Call, by credentials: S3Credentials) -> ClientRequest {
        let signature = signature(credentials)
        let payload = Hex.encode(call.sha256)
        var headers = call.headers + [("x-amz-content-sha256", payload), ("x-amz-date", signature.time.text)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let signed = SignatureV4.Request(
            method: call.method.rawValue, path: location.path(of: call.key), query: call.query,
            headers: headers + [("host", location.host)], payloadHash: payload)
        headers.append(("authorization", signature.authorization(for: signed)))
        var request = ClientRequest(
            method: call.method, url: location.address(signed.path, query: SignatureV4.canonicalQuery(call.query)),
            headers: HeaderFields(headers.map { (FieldName($0), $1) }), body: body(of: call))
        request.maxRedirects = 0
        request.maxBodyBytes = max(call.answerByteCount, XMLReader.mostBytes)
        request.timeouts = configuration.timeouts
        request.timeouts.firstByte += call.patience
        let moved = max(call.body?.byteCount ?? 0, call.answerByteCount)
        request.timeouts.whole =
            configuration.timeouts.whole + .seconds(min(moved / Self.slowest, Self.longestTransfer))
        request.reusesConnections = true
        return request
    }

    /// Bytes per second below which a transfer is given up.
    private static let slowest = 16 << 10
    /// Seconds.
    private static let longestTransfer = 86_400

    private func body(of call: S3Call) -> ClientRequest.Body {
        switch call.body {
        case nil: .none
        case .bytes(let bytes): .bytes(bytes)
        case .file(let file, let range):
            FilePieces(file, range, task: call.task, pool: pool).body
        }
    }
}

extension S3Location {
    /// - Parameter path: percent-encoded, as the query.
    func address(_ path: String, query: String) -> String {
        "\(scheme)://\(host)\(path)" + (query.isEmpty ? "" : "?\(query)")
    }
}
