/// What a server sends: one unmasked frame for each message (RFC 6455 5).
struct WebSocketEncoder {
    /// Nil when no compression was agreed on.
    let deflate: PerMessageDeflate?
    /// Of the messages that are compressed.
    let leastByteCount: Int
    let contexts: DeflateContexts

    func append(_ message: WebSocketMessage, to bytes: inout [UInt8]) {
        switch message {
        case .binary(let payload): append(.binary, payload, to: &bytes)
        case .text(var text):
            if deflate != nil, text.utf8.count >= leastByteCount {
                return append(.text, Array(text.utf8), to: &bytes)
            }
            WebSocketFrame.appendHead(.text, byteCount: text.utf8.count, to: &bytes)
            text.withUTF8 { bytes.append(contentsOf: $0) }
        }
    }

    private func append(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8], to bytes: inout [UInt8]) {
        if let deflate, payload.count >= leastByteCount,
            let packed = contexts.deflater(windowBits: deflate.serverWindowBits)?.deflate(payload)
        {
            WebSocketFrame.appendHead(opcode, isCompressed: true, byteCount: packed.count, to: &bytes)
            bytes.append(contentsOf: packed)
        } else {
            WebSocketFrame.appendHead(opcode, byteCount: payload.count, to: &bytes)
            bytes.append(contentsOf: payload)
        }
    }

    static func appendPing(_ payload: [UInt8], to bytes: inout [UInt8]) {
        appendControl(.ping, payload[...], to: &bytes)
    }

    static func appendPong(_ payload: [UInt8], to bytes: inout [UInt8]) {
        appendControl(.pong, payload[...], to: &bytes)
    }

    /// - Parameter reason: cut between two characters where it is too long for a control frame.
    static func appendClose(_ code: WebSocketCloseCode?, reason: String, to bytes: inout [UInt8]) {
        guard let code, code.mayBeSent else { return appendControl(.close, [], to: &bytes) }
        var payload: [UInt8] = []
        WebSocketFrame.append(code.rawValue, to: &payload)
        for character in reason.unicodeScalars {
            let encoded = Array(String(character).utf8)
            if payload.count + encoded.count > WebSocketFrame.controlLimit { break }
            payload += encoded
        }
        appendControl(.close, payload[...], to: &bytes)
    }

    private static func appendControl(
        _ opcode: WebSocketFrame.Opcode, _ payload: ArraySlice<UInt8>, to bytes: inout [UInt8]
    ) {
        let payload = payload.prefix(WebSocketFrame.controlLimit)
        WebSocketFrame.appendHead(opcode, byteCount: payload.count, to: &bytes)
        bytes.append(contentsOf: payload)
    }
}
