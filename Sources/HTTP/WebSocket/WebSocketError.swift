/// What a peer did wrong. The connection fails: it gets one Close frame with `closeCode` and ends (RFC 6455 7.1.7).
public enum WebSocketError: Error, Hashable, Sendable {
    /// A reserved bit is set that no extension gives a meaning to.
    case reservedBit
    case reservedOpcode
    /// A client's frames are masked (RFC 6455 5.1).
    case unmasked
    case fragmentedControl
    /// A control frame has at most 125 bytes.
    case longControl
    /// A continuation without a message to continue.
    case unexpectedContinuation
    /// A new message inside a fragmented one.
    case interruptedMessage
    /// The length could have been said in fewer bytes, or its highest bit is set (RFC 6455 5.2).
    case invalidLength
    /// A Close frame with half a code, or with a code that may not be sent.
    case invalidClose
    case invalidText
    case invalidCompression
    case messageTooBig
    /// A message took too long from its first byte to its last.
    case messageTooSlow

    public var closeCode: WebSocketCloseCode {
        switch self {
        case .invalidText, .invalidCompression: .invalidPayload
        case .messageTooBig: .messageTooBig
        case .messageTooSlow: .policyViolation
        default: .protocolError
        }
    }
}
