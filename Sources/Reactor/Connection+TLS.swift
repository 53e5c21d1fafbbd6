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
        return try await shakeHands(session)
    }

    /// Agrees on TLS with a server that this connection was opened to, and that has a certificate for `host`.
    ///
    /// The caller sets `deadline`.
    ///
    /// - Throws: `ConnectionError`; `tls` for a certificate that is not good.
    public func startTLS(_ context: TLSClientContext, with host: String) async throws {
        try checkOpen()
        let session: TLSSession
        do { session = try context.session(on: descriptor, with: host) } catch { throw ConnectionError.tls(error) }
        _ = try await shakeHands(session)
    }

    private func shakeHands(_ session: TLSSession) async throws -> String? {
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
        case .done(let count):
            receivedByteCount &+= count
            return count
        case .ended: return 0
        case .needsRead: sawReadable = false
        case .needsWrite:
            readNeedsRoom = true
            sawWritable = false
        }
        return nil
    }

    /// Writes record by record what the kernel takes now; nil when that is nothing.
    ///
    /// The kernel holds back what one record leaves of a packet until the next comes, or there is none: sent each by itself, a
    /// packet a record, they cost a fifth more.
    func tryWrite(_ bytes: UnsafeRawBufferPointer, _ tls: TLSSession) throws -> Int? {
        let isLong = bytes.count > TLSSession.mostInRecord
        if isLong { holdPackets(true) }
        defer { if isLong { holdPackets(false) } }
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            guard let count = try wrote({ () throws(TLSError) in try tls.write(rest) }) else { break }
            sent += count
        }
        sentByteCount &+= sent
        return sent > 0 ? sent : nil
    }

    private func holdPackets(_ isHeld: Bool) {
        var value: Int32 = isHeld ? 1 : 0
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
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
}
