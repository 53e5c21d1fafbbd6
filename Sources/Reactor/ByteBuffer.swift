/// Bytes between a socket and a parser: written at the end, read from the front, storage reused.
///
/// The capacity is fixed by the owner (`reserve`), so a peer cannot make it grow.
public struct ByteBuffer: Sendable {
    @usableFromInline var storage: [UInt8]
    public internal(set) var readerIndex = 0
    public internal(set) var writerIndex = 0

    public init(capacity: Int) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    public init(_ bytes: [UInt8]) {
        storage = bytes
        writerIndex = bytes.count
    }

    @inlinable public var capacity: Int { storage.count }
    @inlinable public var readableCount: Int { writerIndex - readerIndex }
    @inlinable public var writableCount: Int { storage.count - writerIndex }
    @inlinable public var isEmpty: Bool { readerIndex == writerIndex }

    @inlinable public var readableBytes: ArraySlice<UInt8> { storage[readerIndex..<writerIndex] }

    @inlinable public func withUnsafeReadableBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        try storage.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[readerIndex..<writerIndex])) }
    }

    /// `body` fills the free space from its start and returns how many bytes it wrote.
    public mutating func withUnsafeWritableBytes(_ body: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Int
    {
        let start = writerIndex
        let count = try storage.withUnsafeMutableBytes {
            try body(UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
        precondition(count >= 0 && start + count <= storage.count, "more bytes were written than there was room for")
        writerIndex = start + count
        return count
    }

    /// Forgets `count` bytes at the front.
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= readableCount, "more bytes were consumed than there are")
        readerIndex += count
        if readerIndex == writerIndex {
            readerIndex = 0
            writerIndex = 0
        }
    }

    /// Moves the readable bytes to the front, so that all free space is behind them.
    public mutating func compact() {
        guard readerIndex > 0 else { return }
        let count = readableCount
        storage.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress, count > 0 else { return }
            base.copyMemory(from: base + readerIndex, byteCount: count)
        }
        readerIndex = 0
        writerIndex = count
    }

    public mutating func removeAll() {
        readerIndex = 0
        writerIndex = 0
    }

    /// Makes room for at least `count` more bytes.
    public mutating func reserve(_ count: Int) {
        if writableCount >= count { return }
        compact()
        if writableCount < count {
            storage.append(contentsOf: repeatElement(0, count: max(count - writableCount, storage.count)))
        }
    }

    public mutating func append(contentsOf bytes: some Collection<UInt8>) {
        reserve(bytes.count)
        storage.replaceSubrange(writerIndex..<writerIndex + bytes.count, with: bytes)
        writerIndex += bytes.count
    }

    public mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        reserve(count)
        _ = withUnsafeWritableBytes { free in
            free.copyMemory(from: UnsafeRawBufferPointer(start: text.utf8Start, count: count))
            return count
        }
    }

    public mutating func append(_ text: String) {
        append(contentsOf: text.utf8)
    }
}
