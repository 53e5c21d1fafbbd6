import Reactor

/// What of one stream's body waits to leave: pieces are kept as they came, and files are read when they leave.
final class HTTP2Outbox {
    private enum Piece {
        case bytes(ArraySlice<UInt8>)
        case file(OpenFile, Range<Int>)
    }

    private var pieces: ArraySlice<Piece> = []
    private(set) var byteCount = 0
    /// All bytes that ever left.
    private(set) var sentByteCount = 0
    /// Nothing more comes.
    private(set) var isEnded = false

    var isEmpty: Bool { byteCount == 0 }

    func append(_ bytes: [UInt8]) { append(.bytes(bytes[...]), bytes.count) }

    /// - Parameter range: of it no more than can be read without waiting for the disk.
    func append(_ file: OpenFile, _ range: Range<Int>) { append(.file(file, range), range.count) }

    private func append(_ piece: Piece, _ count: Int) {
        guard count > 0 else { return }
        pieces.append(piece)
        byteCount += count
    }

    func end() { isEnded = true }

    /// Moves `count` bytes, which must be there, to the end of `bytes`.
    ///
    /// - Throws: what reading a file throws.
    func take(_ count: Int, into bytes: inout [UInt8]) throws {
        precondition(count <= byteCount, "more was taken than there is")
        var rest = count
        while rest > 0, let first = pieces.first {
            switch first {
            case .bytes(let slice):
                let taken = min(rest, slice.count)
                bytes.append(contentsOf: slice.prefix(taken))
                replaceFirst(taken < slice.count ? .bytes(slice.dropFirst(taken)) : nil)
                rest -= taken
            case .file(let file, let range):
                let end = min(range.lowerBound + rest, range.upperBound)
                try file.read(range.lowerBound..<end, into: &bytes)
                replaceFirst(end < range.upperBound ? .file(file, end..<range.upperBound) : nil)
                rest -= end - range.lowerBound
            }
        }
        byteCount -= count
        sentByteCount += count
    }

    private func replaceFirst(_ piece: Piece?) {
        if let piece { pieces[pieces.startIndex] = piece } else { pieces.removeFirst() }
    }

    func removeAll() {
        pieces = []
        byteCount = 0
    }
}
