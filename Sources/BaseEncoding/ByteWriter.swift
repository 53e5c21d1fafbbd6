/// Writes pieces one behind the other into room of a fixed size; more than fits traps.
///
/// An array looks at its storage anew for each piece that is appended: for a head of an answer, or a line of the log, that
/// took longer than copying the bytes.
public struct ByteWriter {
    @usableFromInline let room: UnsafeMutableBufferPointer<UInt8>
    @usableFromInline var written = 0

    @inlinable @inline(__always)
    public var count: Int { written }

    @inlinable @inline(__always)
    init(_ room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

    @inlinable @inline(__always)
    public mutating func write(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress else { return }
        take(bytes.count).update(from: source, count: bytes.count)
    }

    @inlinable @inline(__always)
    public mutating func write(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { write($0) } }

    @inlinable @inline(__always)
    public mutating func write(_ text: StaticString) {
        write(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable @inline(__always)
    public mutating func write(text: String) {
        var text = text
        text.withUTF8 { write($0) }
    }

    @inlinable @inline(__always)
    public mutating func write(_ byte: UInt8) { take(1).pointee = byte }

    /// A whole number, not negative: at most 19 digits.
    @inlinable @inline(__always)
    public mutating func write(decimal number: Int) {
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        write(decimal: number, digits: digits)
    }

    /// The last digits of a number, with zeros in front.
    @inlinable @inline(__always)
    public mutating func write(decimal number: Int, digits: Int) {
        let place = take(digits)
        var rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// The next `count` bytes, for whoever fills them all.
    @inlinable @inline(__always)
    public mutating func write(count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        fill(UnsafeMutableBufferPointer(start: take(count), count: count))
    }

    @inlinable @inline(__always)
    mutating func take(_ more: Int) -> UnsafeMutablePointer<UInt8> {
        guard let start = room.baseAddress, more <= room.count - written else {
            preconditionFailure("more bytes were written than there was room for")
        }
        defer { written += more }
        return start + written
    }
}

extension Array where Element == UInt8 {
    /// Appends what `write` writes.
    ///
    /// - Parameter most: more bytes than this must not be written.
    @inlinable @inline(__always)
    public mutating func append(upTo most: Int, _ write: (inout ByteWriter) -> Void) {
        append(addingCapacity: most) { output in
            output.withUnsafeMutableBufferPointer { free, count in
                var writer = ByteWriter(UnsafeMutableBufferPointer(rebasing: free[count..<count + most]))
                write(&writer)
                count += writer.count
            }
        }
    }
}
