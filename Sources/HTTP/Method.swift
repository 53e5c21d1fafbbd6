extension Request {
    /// A request method. An open set: anything the parser accepts may arrive.
    public struct Method: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static var get: Method { Method(rawValue: "GET") }
        public static var head: Method { Method(rawValue: "HEAD") }
        public static var post: Method { Method(rawValue: "POST") }
        public static var put: Method { Method(rawValue: "PUT") }
        public static var patch: Method { Method(rawValue: "PATCH") }
        public static var delete: Method { Method(rawValue: "DELETE") }
        public static var options: Method { Method(rawValue: "OPTIONS") }
        public static var connect: Method { Method(rawValue: "CONNECT") }
        public static var trace: Method { Method(rawValue: "TRACE") }

        /// Safe methods change nothing (RFC 9110 9.2.1), so they need no CSRF token.
        public var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }

        public var description: String { rawValue }
    }
}
