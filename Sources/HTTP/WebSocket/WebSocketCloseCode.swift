/// Why a WebSocket ends (RFC 6455 7.4). An open set: 4000 to 4999 are the application's.
public struct WebSocketCloseCode: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public init(integerLiteral rawValue: UInt16) { self.rawValue = rawValue }

    public static var normal: WebSocketCloseCode { 1000 }
    /// The server stops, or the browser leaves the page.
    public static var goingAway: WebSocketCloseCode { 1001 }
    public static var protocolError: WebSocketCloseCode { 1002 }
    public static var unsupportedData: WebSocketCloseCode { 1003 }
    /// The peer sent Close without a code. Never on the wire.
    public static var noStatus: WebSocketCloseCode { 1005 }
    /// The connection broke, or the peer did not answer any more. Never on the wire.
    public static var abnormal: WebSocketCloseCode { 1006 }
    /// Text that is not UTF-8, or compressed bytes that cannot be inflated.
    public static var invalidPayload: WebSocketCloseCode { 1007 }
    public static var policyViolation: WebSocketCloseCode { 1008 }
    public static var messageTooBig: WebSocketCloseCode { 1009 }
    public static var internalError: WebSocketCloseCode { 1011 }
    /// The server has too much to do now.
    public static var tryAgainLater: WebSocketCloseCode { 1013 }

    /// Whether a Close frame may carry it: registered with IANA for the wire (RFC 6455 7.4.2), a library's or an
    /// application's.
    public var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
