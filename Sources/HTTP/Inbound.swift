import Reactor

/// What a connection has received and nobody has taken yet. While nothing is there, no buffer is held, so that an idle
/// connection costs little.
struct Inbound {
    private var buffer: ByteBuffer?
    /// The peer will send nothing more.
    private(set) var sawEnd = false

    var isEmpty: Bool { buffer?.isEmpty ?? true }

    /// Forgets `count` bytes at the front.
    mutating func consume(_ count: Int) { buffer?.consume(count) }

    /// Shows what is here to `body` and forgets as much of it as that says; nothing where it throws.
    @inline(__always) @discardableResult
    mutating func consume(by body: (UnsafeRawBufferPointer) throws -> Int) rethrows -> Int {
        // Taken out meanwhile: what a class holds would be counted once more for the call.
        guard var bytes = buffer.take() else { return 0 }
        do {
            let count = try bytes.withUnsafeReadableBytes(body)
            bytes.consume(count)
            buffer = consume bytes
            return count
        } catch {
            buffer = consume bytes
            throw error
        }
    }

    var readableBytes: ArraySlice<UInt8>? { buffer?.readableBytes }

    /// Takes what the kernel has, if anything.
    ///
    /// - Returns: whether bytes came.
    mutating func readNow(from connection: Connection, _ state: LoopState) throws -> Bool {
        if sawEnd { return false }
        if !connection.mayRead {
            if isEmpty { giveBack(to: state) }
            return false
        }
        var buffer = takeBuffer(state)
        if buffer.writableCount == 0 { buffer.compact() }
        let count: Int?
        do { count = try connection.tryRead(into: &buffer) } catch {
            state.giveBack(consume buffer)
            throw error
        }
        if count == 0 { sawEnd = true }
        if buffer.isEmpty { state.giveBack(consume buffer) } else { self.buffer = consume buffer }
        return count ?? 0 > 0
    }

    private mutating func takeBuffer(_ state: LoopState) -> ByteBuffer {
        if let own = buffer.take() { return own }
        return state.takeInbound()
    }

    /// Looks whether the peer closed its side, without waiting. What it sent meanwhile is kept for later.
    mutating func peerHasGone(_ connection: Connection, _ state: LoopState) -> Bool {
        if let buffer, buffer.writableCount == 0 { return false }
        do { _ = try readNow(from: connection, state) } catch { sawEnd = true }
        return sawEnd
    }

    /// Takes bytes that came another way than from a socket.
    ///
    /// - Parameter take: hands over at most so many bytes, and at least one.
    mutating func fill(_ state: LoopState, take: (Int) -> [UInt8]) {
        var buffer = takeBuffer(state)
        if buffer.writableCount == 0 { buffer.compact() }
        buffer.append(contentsOf: take(buffer.writableCount))
        self.buffer = consume buffer
    }

    /// Nothing more will come.
    mutating func end() { sawEnd = true }

    /// What is here goes to another reader of the same connection.
    mutating func handOver() -> Inbound {
        defer { buffer = nil }
        return self
    }

    /// Forgets everything.
    mutating func giveBack(to state: LoopState) {
        if let buffer = buffer.take() { state.giveBack(buffer) }
    }
}
