/// Why a request to another server failed. A status such as 404 is no failure: it is the answer.
public struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The method, a header field or the announced length cannot be sent.
        case invalidRequest
        /// The address, of the request or of a redirect, cannot be read, is not `http` or `https`, or holds a password.
        case invalidURL
        /// The address that would be connected to is not on the open internet and in no allowed network. `detail` names it:
        /// whoever chose the host must not be told what its name resolves to inside.
        case forbiddenAddress
        case unknownHost
        case cannotConnect
        /// The certificate is not issued by a known authority, is not valid now, or is for another name.
        case untrustedServer
        /// The TLS handshake failed for another reason.
        case handshakeFailed
        case timedOut(Phase)
        case tooManyRedirects
        /// The redirect leads from `https` to `http`, or needs a streamed body a second time.
        case forbiddenRedirect
        case headTooLarge
        case bodyTooLarge
        /// The answer is not HTTP.
        case malformedResponse
        /// The connection ended before the answer did.
        case disconnected
        /// `HTTPClient.shutdown` was called.
        case stopping
        /// This build of libcurl cannot be used, or it failed for a reason of its own.
        case library
    }

    /// What took too long (`ClientRequest.Timeouts`).
    public enum Phase: Sendable, Equatable {
        case connect, firstByte, stalled, whole
    }

    public let code: Code
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { detail }
}
