import Reactor

extension Request {
    /// What stands before the body, and whose it is, behind one reference, since requests are handed on often. Immutable while
    /// more than one holds it: a connection fills the same one again for its next request, where nobody kept it.
    public final class Head: @unchecked Sendable {
        // @unchecked: changed only through the one reference there is.

        struct Fields {
            var method = Method.get
            var target = ""
            var headers = HeaderFields()
            var remoteAddress = SocketAddress.unixSocket
            var proxyAddress: SocketAddress?
            var isSecure = false
            var receivedAt = MonotonicTime(nanoseconds: 0)
            /// The name under which a trusted proxy was asked.
            var forwardedHost: String?
            var requestID = RequestID()
        }

        @exclusivity(unchecked) var fields: Fields

        init(_ fields: Fields = Fields()) { self.fields = fields }

        public func value(of name: FieldName) -> String? { fields.headers[name] }
        public var requestID: RequestID { fields.requestID }
        public var method: Method { fields.method }
        public var target: String { fields.target }
        /// The target's bytes where they stand.
        public func withTarget<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T) -> T { fields.target.withUTF8(body) }

        public var remoteAddress: SocketAddress { fields.remoteAddress }
        public var receivedAt: MonotonicTime { fields.receivedAt }
    }
}
