import HTTP
import HTTPClient

extension S3Error {
    /// No answer, or not all of it.
    init(_ error: HTTPClientError, _ task: String) {
        let (code, isTransient): (Code, Bool) =
            switch error.code {
            case .unknownHost, .cannotConnect, .disconnected, .handshakeFailed: (.unreachable, true)
            case .timedOut: (.timedOut, true)
            case .untrustedServer: (.untrustedServer, false)
            case .malformedResponse, .headTooLarge, .tooManyRedirects, .forbiddenRedirect: (.invalidAnswer, false)
            case .bodyTooLarge: (.tooLarge, false)
            case .stopping: (.stopping, false)
            case .invalidRequest, .invalidURL, .forbiddenAddress: (.invalidRequest, false)
            case .library: (.unreachable, false)
            }
        self.init(code, task, Self.words(for: error))
        self.isTransient = isTransient
        isUncertain = true
    }

    private static func words(for error: HTTPClientError) -> String {
        switch error.code {
        case .timedOut: "\(error)"
        case .disconnected: "the connection was cut (\(error))"
        default: "\(error)"
        }
    }

    /// An answer that is a failure.
    init(_ status: Int, _ failure: S3Answer.Failure?, _ headers: HeaderFields, _ task: String) {
        let name = failure?.code ?? ""
        let code = Self.codes[name] ?? Self.code(of: status)
        self.init(code, task, Self.why(code, failure, headers))
        self.status = status
        serverCode = name.isEmpty ? nil : name
        requestID = (failure?.requestID ?? headers["x-amz-request-id"]).map { S3Answer.plain($0, most: 64) }
        isTransient =
            code == .unavailable || Self.brokenTransfers.contains(name) || status == 408
        isUncertain = status >= 500
    }

    /// The body did not arrive, or not as it was sent. The only 4xx that are tried again.
    private static let brokenTransfers: Set = [
        "RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch",
    ]

    private static let codes: [String: Code] = [
        "NoSuchKey": .noSuchKey, "NoSuchUpload": .noSuchUpload, "NoSuchBucket": .noSuchBucket,
        "PreconditionFailed": .changed,
        "AccessDenied": .accessDenied, "AllAccessDisabled": .accessDenied,
        "InvalidAccessKeyId": .wrongCredentials, "SignatureDoesNotMatch": .wrongCredentials,
        "ExpiredToken": .wrongCredentials, "InvalidToken": .wrongCredentials, "TokenRefreshRequired": .wrongCredentials,
        "RequestTimeTooSkewed": .wrongClock,
        "PermanentRedirect": .wrongRegion, "TemporaryRedirect": .wrongRegion,
        "AuthorizationHeaderMalformed": .wrongRegion, "IllegalLocationConstraintException": .wrongRegion,
        "EntityTooLarge": .tooLarge, "InvalidRange": .wrongSize,
        "BadDigest": .damaged, "InvalidDigest": .damaged, "XAmzContentSHA256Mismatch": .damaged,
        "IncompleteBody": .damaged, "RequestTimeout": .timedOut,
        "QuotaExceeded": .noSpace, "QuotaExceededException": .noSpace, "InsufficientStorage": .noSpace,
        "XMinioStorageFull": .noSpace,
        "SlowDown": .unavailable, "InternalError": .unavailable, "ServiceUnavailable": .unavailable,
    ]

    private static func code(of status: Int) -> Code {
        switch status {
        case 301, 302, 307, 308: .wrongRegion
        case 403: .accessDenied
        case 401: .wrongCredentials
        case 404: .noSuchKey
        case 408: .timedOut
        case 412: .changed
        case 413: .tooLarge
        case 416: .wrongSize
        case 507: .noSpace
        // The server cannot do this at all.
        case 501: .refused
        case 429, 500...: .unavailable
        default: .refused
        }
    }

    private static func why(_ code: Code, _ failure: S3Answer.Failure?, _ headers: HeaderFields) -> String {
        let words =
            switch code {
            case .noSuchKey: "there is no such object"
            case .noSuchUpload: "the upload was completed or given up, or never begun"
            case .noSuchBucket: "there is no such bucket"
            case .changed: "the object is another one than before"
            case .accessDenied: "the server does not allow it with these credentials"
            case .wrongCredentials: "the server does not accept the credentials"
            case .wrongClock: "the server's time and this machine's are too far apart"
            case .wrongRegion: "the bucket is in another region"
            case .unavailable: "the server is busy or broken"
            case .noSpace: "the server has no room"
            case .tooLarge: "it is too large for the server"
            case .damaged: "what arrived there is not what was sent"
            case .wrongSize: "the object has no such range"
            default: "the server refuses it"
            }
        let region = headers["x-amz-bucket-region"].map { " (\(S3Answer.plain($0, most: 32)))" } ?? ""
        let message = failure.flatMap { $0.message.isEmpty ? nil : ": \"\($0.message)\"" } ?? ""
        return words + (code == .wrongRegion ? region : "") + message
    }
}
