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
}
