import Glibc
import TLS

extension Connection {
    /// Agrees on TLS with a peer that connected here; what is read and written from then on is encrypted.
    ///
    /// The caller sets `readDeadline` and `deadline`: a peer may be slow on purpose.
    ///
    /// - Returns: the protocol that was agreed on by ALPN (RFC 7301); nil where the peer offered none.
    /// - Throws: `ConnectionError`.
    public func startTLS(_ context: TLSContext) async throws -> String? {
        try checkOpen()
        let session: TLSSession
        do { session = try context.session(on: descriptor) } catch { throw ConnectionError.tls(error) }
        while true {
            let outcome: TLSSession.Outcome
            do { outcome = try session.handshake() } catch { throw ConnectionError.tls(error) }
            switch outcome {
            case .done: break
            case .ended: throw ConnectionError.tls(.truncated)
            case .needsRead:
                sawReadable = false
                try await waitUntilReadable()
                continue
            case .needsWrite:
                sawWritable = false
                try await waitUntilWritable()
                continue
            }
            tls = session
            // Bytes of the peer may have come with its last message of the handshake.
            sawReadable = true
            return session.negotiatedProtocol
        }
    }

    public var isEncrypted: Bool { tls != nil }

    /// The version of TLS that is spoken, `TLSv1.3`; nil without.
    public var tlsVersion: String? { tls?.version }

    /// A short read says nothing here: OpenSSL may hold more than it gave, so it is asked until it wants more.
    func tryRead(into buffer: inout ByteBuffer, _ tls: TLSSession) throws -> Int? {
        if readNeedsRoom ? !sawWritable : !sawReadable { return nil }
        var outcome = TLSSession.Outcome.ended
        _ = try buffer.withUnsafeWritableBytes { bytes in
            do throws(TLSError) { outcome = try tls.read(into: bytes) } catch { throw ConnectionError.tls(error) }
            if case .done(let count) = outcome { return count }
            return 0
        }
        readNeedsRoom = false
        switch outcome {
        case .done(let count): return count
        case .ended: return 0
        case .needsRead: sawReadable = false
        case .needsWrite:
            readNeedsRoom = true
            sawWritable = false
        }
        return nil
    }

    /// What a write came to; nil when it must wait.
    func wrote(_ body: () throws(TLSError) -> TLSSession.Outcome) throws -> Int? {
        let outcome: TLSSession.Outcome
        do { outcome = try body() } catch { throw ConnectionError.tls(error) }
        writeNeedsBytes = false
        switch outcome {
        case .done(let count): return count
        case .ended: return 0
        case .needsWrite: sawWritable = false
        case .needsRead:
            writeNeedsBytes = true
            sawReadable = false
        }
        return nil
    }

    // MARK: Files

    /// Reads pieces of `head` and the file into the loop's scratch memory, and writes them record by record.
    func encryptFile(
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
            let sent = try tryWrite(UnsafeRawBufferPointer(rebasing: room.prefix(ready)), tls)
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

    /// Writes what the kernel takes now.
    private func tryWrite(_ bytes: UnsafeRawBufferPointer, _ tls: TLSSession) throws -> Int {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            guard let count = try wrote({ () throws(TLSError) in try tls.write(rest) }) else { break }
            sent += count
        }
        return sent
    }
}
