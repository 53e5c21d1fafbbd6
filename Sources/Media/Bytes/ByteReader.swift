/// A cursor over the payload of one box. Each read is checked against the end of that box.
struct ByteReader {
    /// The box that is read, for errors.
    let box: FourCC
    private let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8], box: FourCC) {
        self.init(bytes, box: box, range: 0..<bytes.count)
    }

    /// `range` lies inside `bytes`.
    private init(_ bytes: [UInt8], box: FourCC, range: Range<Int>) {
        self.bytes = bytes
        self.box = box
        position = range.lowerBound
        end = range.upperBound
    }

    var remaining: Int { end - position }  // bound: the position is inside the box

    func malformed() -> MovieError { .malformed(box) }

    private mutating func advance(_ count: Int) throws(MovieError) -> Int {
        guard count >= 0, count <= remaining else { throw malformed() }
        defer { position += count }
        return position
    }

    mutating func skip(_ count: Int) throws(MovieError) { _ = try advance(count) }

    mutating func uint8() throws(MovieError) -> UInt8 { bytes[try advance(1)] }

    mutating func uint16() throws(MovieError) -> UInt16 {
        let at = try advance(2)
        return UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1])
    }

    mutating func uint24() throws(MovieError) -> UInt32 {
        let at = try advance(3)
        return UInt32(bytes[at]) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2])
    }

    mutating func uint32() throws(MovieError) -> UInt32 {
        let at = try advance(4)
        return UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8
            | UInt32(bytes[at + 3])
    }

    mutating func int32() throws(MovieError) -> Int32 { Int32(bitPattern: try uint32()) }

    mutating func uint64() throws(MovieError) -> UInt64 {
        UInt64(try uint32()) << 32 | UInt64(try uint32())
    }

    /// A 64-bit count or position that must fit into `Int`.
    mutating func position64() throws(MovieError) -> Int {
        guard let value = Int(exactly: try uint64()) else { throw malformed() }
        return value
    }

    mutating func fourCC() throws(MovieError) -> FourCC { FourCC(rawValue: try uint32()) }

    mutating func bytes(_ count: Int) throws(MovieError) -> [UInt8] {
        let at = try advance(count)
        return Array(bytes[at..<at + count])
    }

    mutating func rest() -> [UInt8] {
        defer { position = end }
        return Array(bytes[position..<end])
    }

    /// The version and flags that begin a full box.
    mutating func versionAndFlags() throws(MovieError) -> (version: UInt8, flags: UInt32) {
        let word = try uint32()
        return (UInt8(word >> 24), word & 0xFF_FFFF)
    }

    /// A table's entry count, checked against the bytes that are there.
    mutating func entryCount(bytesPerEntry: Int) throws(MovieError) -> Int {
        let count = Int(try uint32())
        guard count <= remaining / bytesPerEntry else { throw malformed() }
        return count
    }

    /// The next child box; nil at the end, also where fewer bytes than a box header are left
    /// (QuickTime ends some lists with a 32-bit zero).
    mutating func nextBox() throws(MovieError) -> ByteReader? {
        guard remaining >= 8 else {
            position = end
            return nil
        }
        let start = position
        let size32 = try uint32()
        let type = try fourCC()
        var size = Int(size32)
        if size32 == 1 {
            size = try position64()
        } else if size32 == 0 {
            size = end - start  // bound: both are inside the box
        }
        // bound: positions inside the box
        guard size >= position - start, size <= end - start else { throw .malformed(type) }
        let bodyEnd = start + size  // bound: inside the box, as was just checked
        defer { position = bodyEnd }
        return ByteReader(bytes, box: type, range: position..<bodyEnd)
    }
}
