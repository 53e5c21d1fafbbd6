/// One whole message of a conversation, whatever the frames were that carried it.
public enum WebSocketMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])
}
