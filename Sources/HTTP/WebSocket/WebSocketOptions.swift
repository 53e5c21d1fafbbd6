/// What a client may take from the server through a WebSocket.
public struct WebSocketOptions: Sendable {
    /// What happens to a message for which the queue has no room.
    public enum Overflow: Sendable {
        /// The peer is too slow: its connection ends.
        case closes
        /// The message is left out; `send` says so.
        case drops
    }

    /// What the application speaks; the client's order decides.
    public var subprotocols: [String] = []
    /// The most bytes of a message from the client, inflated; then 1009.
    public var messageByteCount = 1 << 20
    /// From the first byte of a message to its last; then 1008.
    public var messageTime = Duration.seconds(60)
    /// What may wait to leave.
    public var queuedByteCount = 1 << 20
    public var overflow = Overflow.closes
    /// After so long without a byte from the client it is asked whether it is there.
    public var pingInterval = Duration.seconds(30)
    /// How long the client may take to answer; then the connection ends.
    public var pingTimeout = Duration.seconds(20)
    /// How long the client may take to answer a Close; then the connection ends.
    public var closeTimeout = Duration.seconds(5)
    /// Messages of so many bytes and more are compressed for clients that offer it: below, the packet is sent anyway.
    /// With nil permessage-deflate is not agreed on.
    public var compressedByteCount: Int? = 1024

    public init() {}
}
