import BaseEncoding
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import Reactor
import TLS

/// Has certificates issued by an authority that speaks ACME (RFC 8555), for names under which it reaches this server.
///
/// - Rule: whatever the authority names as an address is asked only where its scheme is https, and through the guarded client.
public struct ACMEClient: Sendable {
    /// How a name is shown to be ours.
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// By a text below `/.well-known/acme-challenge/` at port 80 (RFC 8555 8.3).
        case http = "http-01"
        /// By a certificate at port 443 (RFC 8737).
        case tls = "tls-alpn-01"

        public var other: Method { self == .http ? .tls : .http }
    }

    /// What the authority wants to see.
    public struct Proof: Sendable {
        public let method: Method
        /// The host name.
        public let name: String
        public let token: String
        /// The key authorization (RFC 8555 8.1).
        public let text: String
        /// Its SHA-256.
        public let digest: [UInt8]
    }

    /// Puts proofs up, and takes them down again.
    public struct Board: Sendable {
        public var put: @Sendable (Proof) throws -> Void
        public var remove: @Sendable (Proof) -> Void

        public init(put: @escaping @Sendable (Proof) throws -> Void, remove: @escaping @Sendable (Proof) -> Void) {
            self.put = put
            self.remove = remove
        }
    }

    let directory: String
    let client: HTTPClient
    let account: AccountKey
    let board: Board
    let method: Method
    let loop: EventLoop
    /// How long an authority may take to decide about one thing.
    var patience = Duration.seconds(120)

    private static let mostAnswerBytes = 256 << 10
    private static let mostTries = 5
    private static let mostTokenCharacters = 512

    /// - Parameters:
    ///   - directory: the authority's address.
    ///   - key: made once and kept: the authority knows us by it.
    ///   - method: what is tried where the authority leaves the choice.
    public init(
        directory: String, key: SigningKey, client: HTTPClient, board: Board, method: Method, loop: EventLoop
    ) {
        self.directory = directory
        self.client = client
        account = AccountKey(key: key)
        self.board = board
        self.method = method
        self.loop = loop
    }

    /// A certificate for all of these names, with its chain, in PEM.
    ///
    /// - Parameters:
    ///   - names: host names without wildcards, in lower case.
    ///   - key: the certificate's own, not the account's.
    /// - Throws: `ACMEError`; `HTTPClientError` when the authority cannot be reached.
    public func certificate(for names: [String], key: SigningKey) async throws -> [UInt8] {
        var session = Session(directory: try await readDirectory())
        let joined = try await post(
            ["termsOfServiceAgreed": true], to: session.directory.newAccount, in: &session)
        guard let address = joined.headers[.location] else { throw ACMEError.malformed("the account has no address") }
        session.account = address
        let wish = Wish(identifiers: names.map { ACMEOrder.Identifier(value: $0) })
        let placed = try await post(wish, to: session.directory.newOrder, in: &session)
        guard let place = placed.headers[.location] else { throw ACMEError.malformed("the order has no address") }
        var order = try decode(ACMEOrder.self, placed)
        guard order.authorizations.count <= names.count else { throw ACMEError.malformed("too many authorizations") }
        for authorization in order.authorizations { try await prove(authorization, of: names, in: &session) }
        if order.status != .valid {
            let request = Base64.url.encode(try CertificateMaking.request(for: names, key: key))
            order = try decode(ACMEOrder.self, try await post(["csr": request], to: order.finalize, in: &session))
        }
        order = try await settled(order, at: place, named: names[0], in: &session)
        guard let certificate = order.certificate else { throw ACMEError.malformed("there is no certificate") }
        let answer = try await post(Nothing?.none, to: certificate, in: &session)
        guard answer.body.starts(with: Array("-----BEGIN CERTIFICATE-----".utf8)) else {
            throw ACMEError.malformed("the certificate is no PEM")
        }
        return answer.body
    }

    // MARK: Steps

    private struct Wish: Encodable {
        var identifiers: [ACMEOrder.Identifier]
    }

    private struct Nothing: Encodable {}

    /// What is known of the authority during one order.
    private struct Session {
        var directory: ACMEDirectory
        var nonce: String?
        var account: String?
    }

    private func prove(_ address: String, of names: [String], in session: inout Session) async throws {
        var authorization = try await read(ACMEAuthorization.self, at: address, in: &session)
        let name = authorization.identifier.value
        guard names.contains(name) else { throw ACMEError.malformed("it asks about a name that is not wanted") }
        guard authorization.status != .valid else { return }
        let offered = [method, method.other].lazy.compactMap { method in
            authorization.challenges.first { $0.type == method.rawValue }.map { (method, $0) }
        }
        guard let (method, challenge) = offered.first, let token = challenge.token, isToken(token) else {
            throw ACMEError.noChallenge(name: name)
        }
        let text = account.authorization(for: token)
        let proof = Proof(method: method, name: name, token: token, text: text, digest: SHA256.hash(Array(text.utf8)))
        try board.put(proof)
        defer { board.remove(proof) }
        _ = try await post(Nothing(), to: challenge.url, in: &session)
        let end = MonotonicTime.now + patience
        while authorization.status == .pending {
            guard MonotonicTime.now < end else { throw ACMEError.undecided(name: name) }
            try await loop.sleep(for: .seconds(1))
            authorization = try await read(ACMEAuthorization.self, at: address, in: &session)
        }
        guard authorization.status == .valid else {
            let told = authorization.challenges.compactMap(\.error).first
            throw ACMEError.unmet(name: name, detail: told?.words ?? authorization.status.rawValue)
        }
    }

    private func settled(
        _ order: ACMEOrder, at place: String, named name: String, in session: inout Session
    ) async throws -> ACMEOrder {
        var order = order
        let end = MonotonicTime.now + patience
        while order.status == .processing || order.status == .ready || order.status == .pending {
            guard MonotonicTime.now < end else { throw ACMEError.undecided(name: name) }
            try await loop.sleep(for: .seconds(1))
            order = try await read(ACMEOrder.self, at: place, in: &session)
        }
        guard order.status == .valid else {
            throw ACMEError.refused(
                type: order.error?.kind ?? "invalid", detail: order.error?.words ?? "the order is void")
        }
        return order
    }

    /// Letters, digits, `-` and `_` only (RFC 8555 8.3): it becomes part of an address.
    private func isToken(_ token: String) -> Bool {
        (1...Self.mostTokenCharacters).contains(token.utf8.count)
            && token.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    // MARK: Asking

    private struct Answer: Sendable {
        var status: Int
        var headers: HeaderFields
        var body: [UInt8]
    }

    private func readDirectory() async throws -> ACMEDirectory {
        let answer = try await send(ClientRequest(url: directory))
        guard answer.status == 200 else { throw ACMEError.malformed("its directory answers \(answer.status)") }
        return try decode(ACMEDirectory.self, answer)
    }

    private func read<Value: Decodable>(
        _ type: Value.Type, at url: String, in session: inout Session
    ) async throws -> Value {
        try decode(type, try await post(Nothing?.none, to: url, in: &session))
    }

    /// Signs and sends. A nonce that is not good any more is no error: the answer brings another (6.5).
    private func post(
        _ payload: (some Encodable)?, to url: String, in session: inout Session
    ) async throws -> Answer {
        // What an authority names goes into signed text: nothing in it may end a string there.
        guard isPlain(url), session.account.map(isPlain) ?? true else { throw ACMEError.malformed("an address") }
        let bytes = try payload.map { [UInt8](try JSONEncoder().encode($0)) }
        for attempt in 1... {
            let nonce = try await takeNonce(in: &session)
            let body = try account.request(to: url, nonce: nonce, account: session.account, payload: bytes)
            var request = ClientRequest(
                method: .post, url: url, headers: [.contentType: "application/jose+json"], body: .bytes(body))
            request.maxRedirects = 0
            let answer = try await send(request)
            session.nonce = answer.headers[Self.replayNonce]
            if (200...299).contains(answer.status) { return answer }
            let problem = (try? JSONDecoder().decode(ACMEProblem.self, from: Data(answer.body))) ?? ACMEProblem()
            if problem.kind == "badNonce", attempt < Self.mostTries { continue }
            if answer.status == 429 || problem.kind == "rateLimited" {
                let seconds = answer.headers[.retryAfter].flatMap { Int($0) } ?? 3600
                throw ACMEError.rateLimited(detail: problem.words, seconds: min(max(1, seconds), 7 * 86_400))
            }
            throw ACMEError.refused(type: problem.kind, detail: problem.words)
        }
        throw ACMEError.malformed("no nonce is good")
    }

    private static let replayNonce: FieldName = "Replay-Nonce"

    private func takeNonce(in session: inout Session) async throws -> String {
        if let nonce = session.nonce.take() { return nonce }
        let answer = try await send(ClientRequest(method: .head, url: session.directory.newNonce))
        guard let nonce = answer.headers[Self.replayNonce], isToken(nonce) else {
            throw ACMEError.malformed("it gives no nonce")
        }
        return nonce
    }

    private func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private func send(_ request: ClientRequest) async throws -> Answer {
        guard request.url.hasPrefix("https://") else { throw ACMEError.malformed("\(request.url) is no https address") }
        var request = request
        request.maxBodyBytes = Self.mostAnswerBytes
        return try await client.withResponse(to: request) { response in
            Answer(status: response.status.code, headers: response.headers, body: try await response.body.collect())
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ answer: Answer) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(answer.body)) } catch {
            throw ACMEError.malformed("\(type) has another shape")
        }
    }
}
