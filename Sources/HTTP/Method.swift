extension Request {
    /// A request method. An open set: anything the parser accepts may arrive.
    public enum Method: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
        case get, head, post, put, patch, delete, options, connect, trace
        /// As sent.
        case other(String)

        public init(rawValue: String) {
            switch rawValue {
            case "GET": self = .get
            case "HEAD": self = .head
            case "POST": self = .post
            case "PUT": self = .put
            case "PATCH": self = .patch
            case "DELETE": self = .delete
            case "OPTIONS": self = .options
            case "CONNECT": self = .connect
            case "TRACE": self = .trace
            default: self = .other(rawValue)
            }
        }

        public var rawValue: String {
            switch self {
            case .get: "GET"
            case .head: "HEAD"
            case .post: "POST"
            case .put: "PUT"
            case .patch: "PATCH"
            case .delete: "DELETE"
            case .options: "OPTIONS"
            case .connect: "CONNECT"
            case .trace: "TRACE"
            case .other(let name): name
            }
        }

        /// Tells all apart whose name is known.
        private var place: UInt8 {
            switch self {
            case .get: 0
            case .head: 1
            case .post: 2
            case .put: 3
            case .patch: 4
            case .delete: 5
            case .options: 6
            case .connect: 7
            case .trace: 8
            case .other: 9
            }
        }

        public static func == (one: Method, other: Method) -> Bool {
            guard one.place == other.place else { return false }
            guard case .other(let name) = one, case .other(let otherName) = other else { return true }
            return name == otherName
        }

        /// Safe methods change nothing (RFC 9110 9.2.1), so they need no CSRF token.
        public var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }

        public var description: String { rawValue }
    }
}
