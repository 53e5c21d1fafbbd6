@testable import HTTP

/// What a client sends must give the same events, or the same refusal, whole and in two pieces, and never more than the
/// limit allows. The first byte tells where the cut is, the second whether compression was agreed on.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let data, count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let stream = bytes.dropFirst(2)
    let cut = stream.startIndex + Int(bytes[0]) * stream.count / 256
    let compresses = bytes[1] & 1 == 1
    let whole = events(in: [Array(stream)], compresses: compresses)
    let cutInTwo = events(in: [Array(stream[..<cut]), Array(stream[cut...])], compresses: compresses)
    precondition(whole.failure == cutInTwo.failure, "a refusal depends on where the stream was cut")
    precondition(whole.events == cutInTwo.events, "an event depends on where the stream was cut")
    checkHandshake(String(decoding: stream, as: UTF8.self))
    return 0
}

private let limit = 64 << 10

private func events(
    in pieces: [[UInt8]], compresses: Bool
) -> (events: [WebSocketDecoder.Event], failure: WebSocketError?) {
    var decoder = WebSocketDecoder(messageLimit: limit, contexts: compresses ? DeflateContexts() : nil)
    var events: [WebSocketDecoder.Event] = []
    for piece in pieces {
        var position = 0
        do throws(WebSocketError) {
            while let event = try decoder.decode(piece.span, from: &position) {
                check(event)
                events.append(event)
            }
            precondition(position == piece.count, "bytes were left")
        } catch {
            precondition(error.closeCode.mayBeSent, "a refusal has no code")
            return (events, error)
        }
    }
    return (events, nil)
}

private func check(_ event: WebSocketDecoder.Event) {
    switch event {
    case .message(.text(let text)): precondition(text.utf8.count <= limit, "a text is over its limit")
    case .message(.binary(let bytes)): precondition(bytes.count <= limit, "a message is over its limit")
    case .ping(let payload), .pong(let payload): precondition(payload.count <= 125, "a control frame is too long")
    case .close(let code, let reason):
        precondition(code?.mayBeSent ?? true, "a code that nobody may send")
        precondition(reason.utf8.count <= 123, "a reason is too long")
    }
}

/// Fields of strangers make no trap, and what is agreed on is something that zlib can do.
private func checkHandshake(_ text: String) {
    guard let offers = WebSocketOffers(parsing: text), let deflate = PerMessageDeflate(offers) else { return }
    precondition((9...15).contains(deflate.serverWindowBits), "a window that there is not")
}
