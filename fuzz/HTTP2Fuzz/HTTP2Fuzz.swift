import Reactor

@testable import HTTP

/// Frames of a client must give the same events whole and in two pieces, and heads and bodies within their limits. The
/// first byte tells where the cut is; the client's preface and its SETTINGS are there already.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP2(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let data, count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let frames = bytes.dropFirst()
    let cut = frames.startIndex + Int(bytes[0]) * frames.count / 256
    let whole = events(in: [Array(frames)])
    let cutInTwo = events(in: [Array(frames[..<cut]), Array(frames[cut...])])
    precondition(whole == cutInTwo, "an event depends on where the frames were cut")
    return 0
}

private let hello = HTTP2Connection.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0]

/// What came, in words; pieces of one body are one.
private func events(in pieces: [[UInt8]]) -> [String] {
    let now = MonotonicTime(nanoseconds: 0)
    let session = HTTP2Session(now: now)
    var heads: [String] = []
    var bodies: [Int32: Int] = [:]
    var ended: [Int32] = []
    for piece in [hello] + pieces { piece.withUnsafeBytes { session.receive($0, now: now) } }
    for event in session.takeEvents() {
        switch event {
        case .request(let head):
            check(head)
            heads.append("\(head.streamID) \(head.method) \(head.target) \(head.headers) \(head.refusal?.code ?? 0)")
        case .body(let stream, let bytes): bodies[stream, default: 0] += bytes.count
        case .bodyEnded(let stream): ended.append(stream)
        case .wanted, .left, .closed, .noticeHeard: break
        }
    }
    var out: [UInt8] = []
    session.produce(into: &out, upTo: 1 << 16)
    precondition(bodies.values.reduce(0, +) <= HTTP2Session.connectionWindow, "more came than the window allows")
    return heads + bodies.sorted { $0.key < $1.key }.map { "\($0.key) #\($0.value)" } + ended.map { "\($0) end" }
}

private func check(_ head: HTTP2RequestHead) {
    precondition(head.headers.byteCount <= 2 * RequestParser.headLimit, "a head is over its limit")
    guard head.refusal == nil else { return }
    precondition(!head.target.isEmpty || head.method == .connect, "a request has no target")
    precondition(head.headers.contains(.host), "a request has no host")
}
