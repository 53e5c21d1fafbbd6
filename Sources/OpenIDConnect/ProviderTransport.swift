import HTTP
import HTTPClient

/// The way to a provider: its answers have limits in size and time, and it is not followed elsewhere.
public struct ProviderTransport: Sendable {
    public struct Answer: Sendable {
        public var status: Int
        /// In lower case, without parameters.
        public var mediaType: String
        public var body: [UInt8]

        public init(status: Int, mediaType: String = "application/json", body: [UInt8]) {
            self.status = status
            self.mediaType = mediaType
            self.body = body
        }
    }

    private static let mostAnswerBytes = 256 << 10

    let send: @Sendable (ClientRequest) async throws -> Answer

    /// For tests: `send` stands for the network.
    public init(send: @escaping @Sendable (ClientRequest) async throws -> Answer) { self.send = send }

    public init(_ client: HTTPClient) {
        send = { request in
            var request = request
            request.maxRedirects = 0
            request.maxBodyBytes = Self.mostAnswerBytes
            request.timeouts.connect = .seconds(5)
            request.timeouts.firstByte = .seconds(10)
            request.timeouts.stalled = .seconds(5)
            request.timeouts.whole = .seconds(15)
            return try await client.withResponse(to: request) { response in
                let type = response.headers[.contentType] ?? ""
                return Answer(
                    status: response.status.code,
                    mediaType: type.prefix { $0 != ";" }.lowercased().filter { $0 != " " },
                    body: try await response.body.collect())
            }
        }
    }

    /// - Throws: `OpenIDError` with `unreachable`; `CancellationError`.
    func answer(to request: ClientRequest) async throws -> Answer {
        do {
            return try await send(request)
        } catch let error as HTTPClientError {
            throw OpenIDError(.unreachable, error.description)
        }
    }

    /// - Throws: the same, and `status` for another one than 200.
    func get(_ url: String, _ headers: HeaderFields = [:]) async throws -> Answer {
        var headers = headers
        headers.append(.accept, "application/json")
        let answer = try await answer(to: ClientRequest(url: url, headers: headers))
        guard answer.status == 200 else { throw OpenIDError(.status, "the provider answers \(answer.status)") }
        return answer
    }

    func post(_ fields: [(String, String)], to url: String, _ headers: HeaderFields = [:]) async throws -> Answer {
        var headers = headers
        headers.append(.accept, "application/json")
        headers.append(.contentType, "application/x-www-form-urlencoded")
        return try await answer(
            to: ClientRequest(
                method: .post, url: url, headers: headers, body: .bytes(Array(FormText.encode(fields).utf8))))
    }
}

/// `a=1&b=two%20words`.
enum FormText {
    static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\(PercentEncoding.encode($0))=\(PercentEncoding.encode($1))" }.joined(separator: "&")
    }
}
