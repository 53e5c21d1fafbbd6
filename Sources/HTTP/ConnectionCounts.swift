import Reactor

/// What a connection speaks at the moment.
public enum ConnectionProtocol: String, Sendable, CaseIterable {
    case http1 = "http/1.1"
    case webSocket = "websocket"
}

/// How many connections there were and are: each loop counts its own.
public struct ConnectionCounts: Sendable {
    public private(set) var accepted = 0
    /// Those that found no place.
    public private(set) var refused = 0
    private var open = InlineArray<2, Int>(repeating: 0)

    public init() {}

    public func open(_ spoken: ConnectionProtocol) -> Int { open[Self.place(of: spoken)] }

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

    mutating func refuse() { refused &+= 1 }

    public static func += (left: inout ConnectionCounts, right: ConnectionCounts) {
        left.accepted &+= right.accepted
        left.refused &+= right.refused
        for place in left.open.indices { left.open[place] &+= right.open[place] }
    }

    private static func place(of spoken: ConnectionProtocol) -> Int {
        switch spoken {
        case .http1: 0
        case .webSocket: 1
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
