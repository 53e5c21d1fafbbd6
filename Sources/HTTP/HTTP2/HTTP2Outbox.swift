/// What of one stream's body waits to leave: pieces are kept as they came, without copying.
final class HTTP2Outbox {
    private var pieces: ArraySlice<[UInt8]> = []
    /// Of the first piece: so many bytes have left.
    private var offset = 0
    private(set) var byteCount = 0
    /// All bytes that ever left.
    private(set) var sentByteCount = 0
    /// Nothing more comes.
    private(set) var isEnded = false
    /// The session asked for more than there was.
    var isWanted = false

    var isEmpty: Bool { byteCount == 0 }

    func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pieces.append(bytes)
        byteCount += bytes.count
        isWanted = false
    }

    func end() { isEnded = true }

    /// Moves `count` bytes, which must be there, to the end of `bytes`.
    func take(_ count: Int, into bytes: inout [UInt8]) {
        precondition(count <= byteCount, "more was taken than there is")
        byteCount -= count
        sentByteCount += count
        var rest = count
        while rest > 0, let first = pieces.first {
            let taken = min(rest, first.count - offset)
            bytes.append(contentsOf: first[offset..<offset + taken])
            rest -= taken
            offset += taken
            if offset == first.count {
                pieces.removeFirst()
                offset = 0
            }
        }
    }

    func removeAll() {
        pieces = []
        offset = 0
        byteCount = 0
    }
}
