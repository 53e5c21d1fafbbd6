import Reactor

/// What a connection speaks at the moment.
public enum ConnectionProtocol: String, Sendable, CaseIterable {
    case http1 = "http/1.1"
    case http2 = "http/2"
    case webSocket = "websocket"
}

/// Why a connection was not taken.
public enum ConnectionRefusal: String, Sendable, CaseIterable {
    /// There was no place: none at all, or none for its address.
    case full
    /// Its address begins TLS too often.
    case handshakes
}

/// How many connections there were and are: each loop counts its own.
public struct ConnectionCounts: Sendable {
    public private(set) var accepted = 0
    private var refused = InlineArray<2, Int>(repeating: 0)
    private var open = InlineArray<3, Int>(repeating: 0)

    public init() {}

    public func open(_ spoken: ConnectionProtocol) -> Int { open[Self.place(of: spoken)] }

    public func refused(_ refusal: ConnectionRefusal) -> Int { refused[Self.place(of: refusal)] }

    mutating func begin(_ spoken: ConnectionProtocol) {
        accepted &+= 1
        open[Self.place(of: spoken)] &+= 1
    }

    mutating func end(_ spoken: ConnectionProtocol) { open[Self.place(of: spoken)] &-= 1 }

    /// An open connection speaks something else from now on.
    mutating func change(from old: ConnectionProtocol, to new: ConnectionProtocol) {
        open[Self.place(of: old)] &-= 1
        open[Self.place(of: new)] &+= 1
    }

    mutating func refuse(_ refusal: ConnectionRefusal) { refused[Self.place(of: refusal)] &+= 1 }

    public static func += (left: inout ConnectionCounts, right: ConnectionCounts) {
        left.accepted &+= right.accepted
        for place in left.refused.indices { left.refused[place] &+= right.refused[place] }
        for place in left.open.indices { left.open[place] &+= right.open[place] }
    }

    private static func place(of refusal: ConnectionRefusal) -> Int {
        switch refusal {
        case .full: 0
        case .handshakes: 1
        }
    }

    private static func place(of spoken: ConnectionProtocol) -> Int {
        switch spoken {
        case .http1: 0
        case .webSocket: 1
        case .http2: 2
        }
    }
}

/// A connection that is over, as a log tells of it.
public struct EndedConnection: Sendable {
    public let address: SocketAddress
    public let requestCount: Int
    public let receivedByteCount: Int
    public let sentByteCount: Int
    public let duration: Duration
}
