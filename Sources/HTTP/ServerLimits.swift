/// What a peer may take from the server. Limits of the head are the parser's; the body's come with the route.
public struct ServerLimits: Sendable {
    public var connections = 10_000
    /// Of one address (of one /64 for IPv6), so that one peer cannot take all of them.
    public var connectionsPerAddress = 1_000
    /// From the accepted connection to the end of the TLS handshake.
    public var handshakeTimeout = Duration.seconds(10)
    /// TLS handshakes that one address (one /64 for IPv6) may begin at once; after each interval it may begin one more.
    /// They cost the server more than the peer.
    public var handshakeBurst = 512
    public var handshakeInterval = Duration.milliseconds(20)
    /// From the first byte of a head to its end; then 408.
    public var headTimeout = Duration.seconds(10)
    /// Between requests; then the connection ends without a word.
    public var idleTimeout = Duration.seconds(60)
    /// How long a body may stand still at most, whatever came before.
    public var bodyPause = Duration.seconds(60)
    /// A body that stays below this rate for longer than `bodyGrace` is cut with 408.
    public var bodyBytesPerSecond = 1024
    public var bodyGrace = Duration.seconds(20)
    /// How long the peer may take for the next megabyte of an answer.
    public var writePause = Duration.seconds(120)
    /// How much of an unread body is read and dropped to keep the connection.
    public var drainedBytes = 256 << 10
    /// How long a closing connection goes on reading, so that the peer gets the answer before a reset.
    public var lingering = Duration.seconds(3)

    public init() {}
}
