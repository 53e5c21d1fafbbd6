@testable import HTTP

/// Frames as a client sends them, right and wrong ones.
enum ClientFrame {
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0, isMasked: Bool = true
    ) -> [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let maskBit: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ...125: bytes.append(maskBit | UInt8(payload.count))
        case ...0xFFFF: bytes += [maskBit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(maskBit | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - $0 * 8)) }
        }
        guard isMasked else { return bytes + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return bytes + key + payload.enumerated().map { $0.element ^ key[$0.offset % 4] }
    }

    static func text(_ text: String, isFinal: Bool = true, reserved: UInt8 = 0) -> [UInt8] {
        frame(1, Array(text.utf8), isFinal: isFinal, reserved: reserved)
    }

    static func more(_ text: String, isFinal: Bool = false) -> [UInt8] { frame(0, Array(text.utf8), isFinal: isFinal) }

    static func ping(_ text: String = "") -> [UInt8] { frame(9, Array(text.utf8)) }

    static func pong(_ text: String = "") -> [UInt8] { frame(10, Array(text.utf8)) }

    static func close(_ code: UInt16, _ reason: String = "") -> [UInt8] { close(code, Array(reason.utf8)) }

    static func close(_ code: UInt16, _ reason: [UInt8]) -> [UInt8] {
        frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    /// One message in frames of `size` bytes.
    static func message(_ opcode: UInt8, _ payload: [UInt8], by size: Int, isCompressed: Bool = false) -> [UInt8] {
        var frames: [UInt8] = []
        for start in stride(from: 0, to: max(1, payload.count), by: size) {
            let end = min(start + size, payload.count)
            frames += frame(
                start == 0 ? opcode : 0, Array(payload[start..<end]), isFinal: end == payload.count,
                reserved: start == 0 && isCompressed ? 4 : 0)
        }
        return frames
    }
}

/// What a decoder makes of a stream, in words: `text Hello`, `binary #125`, `ping Hello`, `close 1000`, `!longControl`.
enum DecodedStream {
    static func words(
        _ pieces: [[UInt8]], limit: Int = 32 << 20, contexts: DeflateContexts? = nil
    ) -> [String] {
        var decoder = WebSocketDecoder(messageLimit: limit, contexts: contexts)
        var words: [String] = []
        for piece in pieces {
            var position = 0
            do throws(WebSocketError) {
                while let event = try decoder.decode(piece.span, from: &position) { words.append(word(event)) }
            } catch {
                return words + ["!\(error)"]
            }
        }
        return words
    }

    private static func word(_ event: WebSocketDecoder.Event) -> String {
        switch event {
        case .message(.text(let text)):
            text.utf8.count > 60 ? "text #\(text.utf8.count)" : text.isEmpty ? "text" : "text \(text)"
        case .message(.binary(let bytes)): "binary #\(bytes.count)"
        case .ping(let payload): word("ping", payload)
        case .pong(let payload): word("pong", payload)
        case .close(let code, let reason):
            "close" + (code.map { " \($0.rawValue)" } ?? "") + (reason.isEmpty ? "" : " \(reason.prefix(40))")
        }
    }

    private static func word(_ name: String, _ payload: [UInt8]) -> String {
        if payload.isEmpty { return name }
        return payload.count > 60 ? "\(name) #\(payload.count)" : "\(name) \(String(decoding: payload, as: UTF8.self))"
    }

    static func pieces(_ bytes: [UInt8], of size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }
}
