import Glibc
import TLS

extension Connection {
    /// Sends `head` and then `range` of `file`, which the kernel takes from its page cache without a way through the process
    /// (`sendfile`); where TLS is spoken and the kernel does not encrypt, through the loop's scratch memory.
    ///
    /// - Parameters:
    ///   - head: what goes before, in one packet or record with the file's beginning if it is short.
    ///   - warming: reads parts that are not in the page cache on this pool first, so that a slow disk
    ///     never stops the loop.
    /// - Throws: `ConnectionError`; `OpenFileError.shortened` when the file ends before the range does.
    public func sendFile(
        _ file: OpenFile, range: Range<Int>, after head: [UInt8] = [], warming: BlockingPool? = nil
    ) async throws {
        try beginWriting()
        defer { isWriting = false }
        if let tls, !tls.kernelSends {
            return try await encryptFile(file, range: range, after: head, warming: warming, tls)
        }
        try await writeAlone(head[...], more: true)
        var offset = range.lowerBound
        var warm = offset
        while offset < range.upperBound {
            if offset >= warm { warm = try await warmed(file, from: offset, to: range.upperBound, warming) }
            guard let count = try trySendFile(file, offset: offset, count: warm - offset) else {
                try await waitUntilWritable()
                continue
            }
            if count == 0 { throw OpenFileError.shortened }
            offset += count
            if shouldYield(after: count) { await Task.yield() }
        }
    }

    /// Sees that a part of the file can be read without waiting for the disk, by reading it on this pool first.
    ///
    /// - Returns: the part's end.
    public func warmed(_ file: OpenFile, from offset: Int, to end: Int, _ warming: BlockingPool?) async throws -> Int {
        guard let warming else { return end }
        let part = offset..<min(offset + OpenFile.warmingStep, end)
        if !file.isCached(part, now: loop.now) { try await warming.run { file.readAhead(part) } }
        return part.upperBound
    }

    /// Whether all of `range` can be read now without waiting for the disk, as far as one look tells.
    public func isWarm(_ file: OpenFile, _ range: Range<Int>, _ warming: BlockingPool?) -> Bool {
        warming == nil || range.count <= OpenFile.warmingStep && file.isCached(range, now: loop.now)
    }

    private func trySendFile(_ file: OpenFile, offset: Int, count: Int) throws -> Int? {
        try checkOpen()
        var position = off_t(offset)
        while true {
            let sent = sendfile(descriptor, file.descriptor, &position, count)
            if sent >= 0 {
                sentByteCount &+= sent
                return sent
            }
            if errno == EAGAIN {
                sawWritable = false
                return nil
            }
            if errno != EINTR { throw ConnectionError.disconnected(SystemError("sendfile")) }
        }
    }

    /// Reads pieces of `head` and the file into the loop's scratch memory, and writes them record by record.
    private func encryptFile(
        _ file: OpenFile, range: Range<Int>, after head: [UInt8], warming: BlockingPool?, _ tls: TLSSession
    ) async throws {
        // Places count from the head's beginning.
        let shift = range.lowerBound - head.count
        let end = head.count + range.count
        var place = 0
        var warm = head.count
        while place < end {
            if max(place, head.count) >= warm, warm < end {
                warm = try await warmed(file, from: warm + shift, to: range.upperBound, warming) - shift
            }
            try checkOpen()
            let room = UnsafeMutableRawBufferPointer(rebasing: loop.scratch.prefix(warm - place))
            let ready = try fill(room, with: head.dropFirst(place), file, from: max(place, head.count) + shift)
            let sent = try tryWrite(UnsafeRawBufferPointer(rebasing: room.prefix(ready)), tls) ?? 0
            place += sent
            // What did not leave is read again: a place where it could wait would cost memory for each who is slow.
            if sent < ready { try await waitUntilWritable() } else if shouldYield(after: sent) { await Task.yield() }
        }
    }

    /// Copies the rest of a head, and what follows of the file, as much as there is room for.
    private func fill(
        _ room: UnsafeMutableRawBufferPointer, with head: ArraySlice<UInt8>, _ file: OpenFile, from offset: Int
    ) throws -> Int {
        let first = min(head.count, room.count)
        if first > 0 { room.copyBytes(from: head.prefix(first)) }
        var filled = first
        while filled < room.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: room[filled...])
            let count = pread(file.descriptor, rest.baseAddress, rest.count, off_t(offset + filled - first))
            if count == 0 { throw OpenFileError.shortened }
            if count > 0 { filled += count } else if errno != EINTR { throw SystemError("pread") }
        }
        return filled
    }
}
