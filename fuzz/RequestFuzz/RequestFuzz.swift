@testable import HTTP

/// A stream of requests must give the same messages, or the same refusal, whole and in two pieces.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequests(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let data, count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let stream = bytes.dropFirst()
    let cut = stream.startIndex + Int(bytes[0]) * stream.count / 256
    let whole = messages(in: [Array(stream)])
    let cutInTwo = messages(in: [Array(stream[..<cut]), Array(stream[cut...])])
    precondition(whole.refused == cutInTwo.refused, "a refusal depends on where the stream was cut")
    if !whole.refused { precondition(whole.texts == cutInTwo.texts, "a message depends on where the stream was cut") }
    return 0
}

private func messages(in pieces: [[UInt8]]) -> (texts: [[UInt8]], refused: Bool) {
    let parser = RequestParser()
    var texts: [[UInt8]] = []
    var body: [UInt8] = []
    parser.reset()
    for piece in pieces {
        var rest = piece[...]
        while !rest.isEmpty {
            do {
                let taken = try Array(rest).withUnsafeBytes { bytes in
                    let taken = try parser.parse(bytes)
                    for range in parser.bodyRanges { body += bytes[range] }
                    return taken
                }
                rest = rest.dropFirst(taken)
            } catch {
                return (texts, true)
            }
            if parser.phase == .complete {
                precondition(parser.target.utf8.count <= RequestParser.urlLimit, "a target is over its limit")
                precondition(parser.headers.count <= RequestParser.fieldLimit, "fields are over their limit")
                texts.append(
                    Array("\(parser.method) \(parser.target) \(parser.keepsAlive)\r\n\(parser.headers)\r\n".utf8) + body
                )
                body = []
                parser.reset()
            }
        }
    }
    return (texts, false)
}
