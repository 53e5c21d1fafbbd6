/// What a client sends (RFC 6455 5), from bytes that come in pieces of any size. Does no I/O. Memory is bounded by the
/// limit of a message, which counts inflated bytes.
struct WebSocketDecoder {
    enum Event: Equatable {
        case message(WebSocketMessage)
        case ping([UInt8])
        case pong([UInt8])
        /// - Parameter code: nil when the frame was empty.
        case close(WebSocketCloseCode?, reason: String)
    }

    /// A message whose last frame has not come.
    fileprivate struct OpenMessage {
        var isText: Bool
        var payload: [UInt8] = []
        /// Bytes of its frames, as they came.
        var wireByteCount = 0
        var inflater: Inflater?
        var text = UTF8Check()
    }

    private let messageLimit: Int
    /// Nil when no compression was agreed on.
    private let contexts: DeflateContexts?
    private var head: [UInt8] = []
    private var frame: WebSocketFrame?
    private var control: [UInt8] = []
    private var message: OpenMessage?

    /// - Parameters:
    ///   - messageLimit: the most bytes of a message, inflated.
    ///   - contexts: where inflaters come from when permessage-deflate was agreed on.
    init(messageLimit: Int, contexts: DeflateContexts? = nil) {
        self.messageLimit = messageLimit
        self.contexts = contexts
    }

    /// Something has begun and is not whole yet.
    var isInside: Bool { message != nil || frame != nil || !head.isEmpty }

    /// Takes bytes from `position` on, up to the end of the next event or of all that are there.
    ///
    /// - Returns: nil when more bytes are needed. After an error nothing more may be decoded.
    mutating func decode(_ bytes: Span<UInt8>, from position: inout Int) throws(WebSocketError) -> Event? {
        while true {
            if frame == nil { frame = try takeHead(bytes, from: &position) }
            guard var frame else { return nil }
            let end = position + min(frame.remaining, bytes.count - position)
            if position < end {
                try takePayload(bytes, position..<end, of: &frame)
                position = end
            }
            guard frame.remaining == 0 else {
                self.frame = frame
                return nil
            }
            self.frame = nil
            if let event = try finish(frame) { return event }
        }
    }

    // MARK: Heads

    /// Nil when the head is not whole yet.
    private mutating func takeHead(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(WebSocketError) -> WebSocketFrame? {
        while position < bytes.count {
            head.append(bytes[position])
            position += 1
            if head.count == 2 { try checkStart() }
            guard head.count >= 2 else { continue }
            let lengthByteCount = Self.lengthByteCount(head[1])
            guard head.count == 2 + lengthByteCount + 4 else { continue }
            defer { head.removeAll(keepingCapacity: true) }
            return try wholeHead(lengthByteCount)
        }
        return nil
    }

    /// How many bytes the length has beside the seven bits.
    private static func lengthByteCount(_ byte: UInt8) -> Int {
        switch byte & 0x7F {
        case 126: 2
        case 127: 8
        default: 0
        }
    }

    /// What the first two bytes tell is refused before more is waited for.
    private func checkStart() throws(WebSocketError) {
        let isFinal = head[0] & 0x80 != 0
        let isCompressed = head[0] & 0x40 != 0
        if head[0] & 0x30 != 0 { throw .reservedBit }
        guard let opcode = WebSocketFrame.Opcode(rawValue: head[0] & 0x0F) else { throw .reservedOpcode }
        // Only the first frame of a message tells that the message is compressed (RFC 7692 6).
        if isCompressed, contexts == nil || opcode.isControl || opcode == .continuation { throw .reservedBit }
        if opcode.isControl {
            if !isFinal { throw .fragmentedControl }
            if head[1] & 0x7F > WebSocketFrame.controlLimit { throw .longControl }
        } else if opcode == .continuation {
            if message == nil { throw .unexpectedContinuation }
        } else if message != nil {
            throw .interruptedMessage
        }
        if head[1] & 0x80 == 0 { throw .unmasked }
    }

    private mutating func wholeHead(_ lengthByteCount: Int) throws(WebSocketError) -> WebSocketFrame {
        guard let opcode = WebSocketFrame.Opcode(rawValue: head[0] & 0x0F) else { throw .reservedOpcode }
        var length = UInt64(head[1] & 0x7F)
        if lengthByteCount > 0 {
            length = head[2..<2 + lengthByteCount].reduce(0) { $0 << 8 | UInt64($1) }
            let least: UInt64 = lengthByteCount == 2 ? 126 : 0x1_0000
            if length < least || length > UInt64(Int64.max) { throw .invalidLength }
        }
        let key = head.suffix(4)
        let isCompressed = head[0] & 0x40 != 0
        if opcode == .text || opcode == .binary { message = try begin(opcode, isCompressed: isCompressed) }
        // bound: checked to fit Int64 above, and the limit is below half of it.
        if !opcode.isControl { try announce(Int(length)) }
        return WebSocketFrame(
            opcode: opcode, isFinal: head[0] & 0x80 != 0, remaining: Int(length),
            mask: MaskingKey(
                key[key.startIndex], key[key.startIndex + 1], key[key.startIndex + 2], key[key.startIndex + 3]))
    }

    private func begin(_ opcode: WebSocketFrame.Opcode, isCompressed: Bool) throws(WebSocketError) -> OpenMessage {
        var message = OpenMessage(isText: opcode == .text)
        if isCompressed {
            guard let inflater = contexts?.takeInflater() else { throw .invalidCompression }
            message.inflater = inflater
        }
        return message
    }

    /// A message that would be too large is refused by what its frames announce, before they come.
    private mutating func announce(_ byteCount: Int) throws(WebSocketError) {
        guard var message else { return }
        // Compressed bytes may be a little more than what they stand for: headers of blocks, flushes after fragments.
        let limit = message.inflater == nil ? messageLimit : messageLimit + messageLimit / 8 + 1024
        if byteCount > limit - message.wireByteCount { throw .messageTooBig }
        // bound: both are at most `limit` together, as just checked.
        message.wireByteCount += byteCount
        self.message = message
    }

    // MARK: Payloads

    private mutating func takePayload(
        _ bytes: Span<UInt8>, _ range: Range<Int>, of frame: inout WebSocketFrame
    ) throws(WebSocketError) {
        frame.remaining -= range.count
        if frame.opcode.isControl {
            Self.append(bytes, range, to: &control, unmaskedBy: &frame.mask)
        } else {
            try message?.take(bytes, range, mask: &frame.mask, limit: messageLimit)
        }
    }

    fileprivate static func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to array: inout [UInt8], unmaskedBy mask: inout MaskingKey
    ) {
        let start = array.count
        bytes.withUnsafeBufferPointer { array.append(contentsOf: $0[range]) }
        array.withUnsafeMutableBytes { mask.apply(to: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }

    // MARK: Ends

    private mutating func finish(_ frame: WebSocketFrame) throws(WebSocketError) -> Event? {
        guard frame.opcode.isControl else {
            return frame.isFinal ? .message(try finishMessage()) : nil
        }
        let payload = control
        control = []
        switch frame.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default: return try Self.close(payload)
        }
    }

    private mutating func finishMessage() throws(WebSocketError) -> WebSocketMessage {
        guard var message = message.take() else { throw .unexpectedContinuation }
        if let inflater = message.inflater {
            try message.finishInflating(inflater, limit: messageLimit)
            contexts?.giveBack(inflater)
        }
        guard message.isText else { return .binary(message.payload) }
        guard message.text.isComplete else { throw .invalidText }
        return .text(String(decoding: message.payload, as: UTF8.self))
    }

    private static func close(_ payload: [UInt8]) throws(WebSocketError) -> Event {
        if payload.isEmpty { return .close(nil, reason: "") }
        guard payload.count >= 2 else { throw .invalidClose }
        let code = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.mayBeSent else { throw .invalidClose }
        var text = UTF8Check()
        guard text.accepts(payload.span, from: 2), text.isComplete else { throw .invalidText }
        return .close(code, reason: String(decoding: payload[2...], as: UTF8.self))
    }
}

extension WebSocketDecoder.OpenMessage {
    fileprivate mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, mask: inout MaskingKey, limit: Int
    ) throws(WebSocketError) {
        let start = payload.count
        if let inflater {
            var packed: [UInt8] = []
            WebSocketDecoder.append(bytes, range, to: &packed, unmaskedBy: &mask)
            do throws(WebSocketError) { try inflater.inflate(packed, into: &payload, limit: limit) } catch {
                // What comes first counts, wherever the stream was cut.
                try checkText(from: start)
                throw error
            }
        } else {
            WebSocketDecoder.append(bytes, range, to: &payload, unmaskedBy: &mask)
        }
        try checkText(from: start)
    }

    fileprivate mutating func finishInflating(_ inflater: Inflater, limit: Int) throws(WebSocketError) {
        let start = payload.count
        do throws(WebSocketError) { try inflater.finish(into: &payload, limit: limit) } catch {
            try checkText(from: start)
            throw error
        }
        try checkText(from: start)
    }

    private mutating func checkText(from start: Int) throws(WebSocketError) {
        guard isText else { return }
        var text = text
        guard text.accepts(payload.span, from: start) else { throw .invalidText }
        self.text = text
    }
}
