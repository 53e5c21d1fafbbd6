extension Response {
    /// A status code with its reason phrase (RFC 9110 15). Codes are compared, phrases are for people. Immutable, as is what
    /// `phrase` points to.
    public struct Status: Hashable, @unchecked Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
        public let code: Int
        /// Of a static string, which itself takes three words: answers are moved about more often than phrases are written.
        private let phrase: UnsafePointer<UInt8>?

        /// - Parameter reason: for codes that HTTP itself does not know.
        public init(code: Int, reason: StaticString? = nil) {
            self.code = code
            phrase = reason?.utf8Start
        }
        public init(integerLiteral code: Int) { self.init(code: code) }

        public static func == (left: Status, right: Status) -> Bool { left.code == right.code }
        public func hash(into hasher: inout Hasher) { hasher.combine(code) }

        public static var `continue`: Status { 100 }
        public static var switchingProtocols: Status { 101 }
        public static var ok: Status { 200 }
        public static var created: Status { 201 }
        public static var accepted: Status { 202 }
        public static var noContent: Status { 204 }
        public static var partialContent: Status { 206 }
        public static var movedPermanently: Status { 301 }
        public static var found: Status { 302 }
        public static var seeOther: Status { 303 }
        public static var notModified: Status { 304 }
        public static var temporaryRedirect: Status { 307 }
        public static var permanentRedirect: Status { 308 }
        public static var badRequest: Status { 400 }
        public static var unauthorized: Status { 401 }
        public static var forbidden: Status { 403 }
        public static var notFound: Status { 404 }
        public static var methodNotAllowed: Status { 405 }
        public static var notAcceptable: Status { 406 }
        public static var requestTimeout: Status { 408 }
        public static var conflict: Status { 409 }
        public static var gone: Status { 410 }
        public static var lengthRequired: Status { 411 }
        public static var preconditionFailed: Status { 412 }
        public static var contentTooLarge: Status { 413 }
        public static var uriTooLong: Status { 414 }
        public static var unsupportedMediaType: Status { 415 }
        public static var rangeNotSatisfiable: Status { 416 }
        public static var expectationFailed: Status { 417 }
        public static var unprocessableContent: Status { 422 }
        public static var locked: Status { 423 }
        public static var upgradeRequired: Status { 426 }
        public static var tooManyRequests: Status { 429 }
        public static var requestHeaderFieldsTooLarge: Status { 431 }
        /// As nginx logs it: the peer left before there was an answer.
        public static var clientClosedRequest: Status { 499 }
        public static var internalServerError: Status { 500 }
        public static var notImplemented: Status { 501 }
        public static var badGateway: Status { 502 }
        public static var serviceUnavailable: Status { 503 }
        public static var gatewayTimeout: Status { 504 }
        public static var httpVersionNotSupported: Status { 505 }
        public static var insufficientStorage: Status { 507 }

        /// 1xx, 204 and 304 have no body and no `Content-Length` (RFC 9110 6.4.1).
        public var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }

        public var description: String { "\(code) \(reason)" }

        public var reason: String {
            if let phrase { return String(cString: phrase) }
            return switch code {
            case 100: "Continue"
            case 101: "Switching Protocols"
            case 200: "OK"
            case 201: "Created"
            case 202: "Accepted"
            case 204: "No Content"
            case 206: "Partial Content"
            case 301: "Moved Permanently"
            case 302: "Found"
            case 303: "See Other"
            case 304: "Not Modified"
            case 307: "Temporary Redirect"
            case 308: "Permanent Redirect"
            case 400: "Bad Request"
            case 401: "Unauthorized"
            case 403: "Forbidden"
            case 404: "Not Found"
            case 405: "Method Not Allowed"
            case 406: "Not Acceptable"
            case 408: "Request Timeout"
            case 409: "Conflict"
            case 410: "Gone"
            case 411: "Length Required"
            case 412: "Precondition Failed"
            case 413: "Content Too Large"
            case 414: "URI Too Long"
            case 415: "Unsupported Media Type"
            case 416: "Range Not Satisfiable"
            case 417: "Expectation Failed"
            case 422: "Unprocessable Content"
            case 423: "Locked"
            case 426: "Upgrade Required"
            case 429: "Too Many Requests"
            case 431: "Request Header Fields Too Large"
            case 499: "Client Closed Request"
            case 500: "Internal Server Error"
            case 501: "Not Implemented"
            case 502: "Bad Gateway"
            case 503: "Service Unavailable"
            case 504: "Gateway Timeout"
            case 505: "HTTP Version Not Supported"
            case 507: "Insufficient Storage"
            default: "Status"
            }
        }
    }
}
