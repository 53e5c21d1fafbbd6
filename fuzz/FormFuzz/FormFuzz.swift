@testable import Web

/// A multipart form must give the same parts, or the same refusal, whole and byte by byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzForms(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let data, count < 20_000 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let whole = parts(in: [bytes])
    let dripped = parts(in: bytes.map { [$0] })
    precondition(whole?.count == dripped?.count, "a form depends on how it came")
    if let whole, let dripped {
        for (one, other) in zip(whole, dripped) {
            precondition(one.head == other.head && one.data == other.data, "a part depends on how it came")
        }
    }
    return 0
}

/// Nil when the form is refused.
private func parts(in pieces: [[UInt8]]) -> [(head: PartHead, data: [UInt8])]? {
    var parser = MultipartParser(boundary: "XX")
    var parts: [(head: PartHead, data: [UInt8])] = []
    for piece in pieces {
        parser.feed(piece)
        do {
            events: while true {
                switch try parser.next() {
                case .part(let head): parts.append((head, []))
                case .data(let bytes): parts[parts.count - 1].data += bytes
                case .partEnd: break
                case .end: return parts
                case nil: break events
                }
            }
        } catch {
            return nil
        }
    }
    return parts
}
