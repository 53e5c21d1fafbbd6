import Synchronization

/// One message for many sockets. Its frame is made once, and its compressed frame once when the first socket wants it;
/// all sockets send the same bytes.
public final class WebSocketBroadcast: Sendable {
    private enum Packed {
        case notTried, useless
        case frame([UInt8])
    }

    /// The window of zlib for which the message is compressed; clients with a smaller one get it as it is.
    private static let windowBits = 15

    private let opcode: WebSocketFrame.Opcode
    private let payload: Range<Int>
    private let frame: [UInt8]
    private let packed = Mutex(Packed.notTried)

    public init(_ message: WebSocketMessage) {
        var frame: [UInt8] = []
        let bytes: [UInt8]
        switch message {
        case .text(let text): (opcode, bytes) = (.text, Array(text.utf8))
        case .binary(let data): (opcode, bytes) = (.binary, data)
        }
        frame.reserveCapacity(bytes.count + WebSocketFrame.longestHead)
        WebSocketFrame.appendHead(opcode, byteCount: bytes.count, to: &frame)
        payload = frame.count..<frame.count + bytes.count
        frame += bytes
        self.frame = frame
    }

    /// Of the frame.
    public var byteCount: Int { frame.count }

    /// The frame as the socket of this encoder sends it.
    func bytes(for encoder: WebSocketEncoder) -> [UInt8] {
        guard let deflate = encoder.deflate, deflate.serverWindowBits == Self.windowBits,
            payload.count >= encoder.leastByteCount
        else { return frame }
        return packed.withLock { packed in
            if case .notTried = packed { packed = pack(encoder.contexts) }
            if case .frame(let frame) = packed { return frame }
            return frame
        }
    }

    /// Without context, so that it can be read whatever the socket was sent before.
    private func pack(_ contexts: DeflateContexts) -> Packed {
        guard let bytes = contexts.deflater(windowBits: Self.windowBits)?.deflate(Array(frame[payload])),
            bytes.count < payload.count
        else { return .useless }
        var frame: [UInt8] = []
        frame.reserveCapacity(bytes.count + WebSocketFrame.longestHead)
        WebSocketFrame.appendHead(opcode, isCompressed: true, byteCount: bytes.count, to: &frame)
        return .frame(frame + bytes)
    }
}
