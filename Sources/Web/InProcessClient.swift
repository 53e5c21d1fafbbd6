import FoundationEssentials
import HTTP
import Reactor

/// Calls an application without a socket and keeps cookies like a browser; for tests.
public final class InProcessClient {
    public let application: Application
    /// Sent with each request.
    public var headers = HeaderFields()
    /// Where the requests come from.
    public var remoteAddress = SocketAddress(host: "127.0.0.1", port: 0)
    public private(set) var cookies: [String: String] = [:]

    public init(_ application: Application) { self.application = application }

    public struct Answer {
        public let status: Response.Status
        public let headers: HeaderFields
        public let body: [UInt8]

        public var text: String { String(decoding: body, as: UTF8.self) }

        public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try JSON.decode(type, from: body) }
    }

    public func send(
        _ method: Request.Method, _ target: String, headers extra: HeaderFields = [:], body: RequestBody = RequestBody()
    ) async throws -> Answer {
        var fields = headers
        fields.append(contentsOf: extra)
        if !cookies.isEmpty, !fields.contains(.cookie) {
            fields.append(.cookie, cookies.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: "; "))
        }
        let response = await application.respond(
            to: Request(method: method, target: target, headers: fields, body: body, remoteAddress: remoteAddress))
        for field in response.headers.values(of: .setCookie) { store(field) }
        let bytes = method == .head ? [] : try await response.collect()
        response.completion?(.init(status: response.status, byteCount: bytes.count, isWhole: true))
        return Answer(status: response.status, headers: response.headers, body: bytes)
    }

    public func get(_ target: String, headers: HeaderFields = [:]) async throws -> Answer {
        try await send(.get, target, headers: headers)
    }

    /// Sends a value as JSON.
    public func send(
        _ method: Request.Method, _ target: String, headers: HeaderFields = [:], json: some Encodable
    ) async throws -> Answer {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await send(method, target, headers: headers, body: RequestBody(try JSON.encode(json)))
    }

    private func store(_ field: String) {
        let parameters = FieldParameters(parsing: field)
        let pair = parameters.value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else { return }
        let removed = parameters["max-age"] == "0"
        cookies[String(pair[0])] = removed ? nil : String(pair[1])
    }
}
