import Reactor

/// What all connections of one loop share: buffers that are handed round, and the rendered date.
final class LoopState: RoundEnder, @unchecked Sendable {
    // @unchecked: confined to `loop`; each entry checks.

    static let inboundCapacity = 64 << 10
    /// Buffers beyond this are given back to the system.
    private static let mostSpares = 64

    let loop: EventLoop
    let deflateContexts = DeflateContexts()
    /// What bodies over HTTP/2 may still receive, on all connections together, beyond the windows they begin with.
    @exclusivity(unchecked) var windowBudget = 64 << 20
    /// What was given back last, which is what nearly every request takes.
    @exclusivity(unchecked) private var lastInbound: ByteBuffer?
    @exclusivity(unchecked) private var lastOutbound: [UInt8]?
    @exclusivity(unchecked) private var lastHead: Request.Head?
    @exclusivity(unchecked) private var inbound: [ByteBuffer] = []
    @exclusivity(unchecked) private var outbound: [[UInt8]] = []
    /// Connections that gathered answers and wait for input. Not held: none gets further before the round ends.
    @exclusivity(unchecked) private var writers = InlineArray<8, Unmanaged<HTTP1Connection>?>(repeating: nil)
    @exclusivity(unchecked) private var writerCount = 0
    @exclusivity(unchecked) private var endsRound = false
    @exclusivity(unchecked) private var dateLine = DateLine(.now)
    @exclusivity(unchecked) private var dateCheckedAt = MonotonicTime(nanoseconds: 0)

    init(loop: EventLoop) { self.loop = loop }

    func takeInbound() -> ByteBuffer {
        loop.preconditionOnLoop()
        if let last = lastInbound.take() { return last }
        return inbound.popLast() ?? ByteBuffer(capacity: Self.inboundCapacity)
    }

    func giveBack(_ buffer: consuming ByteBuffer) {
        guard inbound.count < Self.mostSpares, buffer.capacity == Self.inboundCapacity else { return }
        buffer.removeAll()
        if lastInbound == nil { lastInbound = consume buffer } else { inbound.append(buffer) }
    }

    func takeOutbound() -> [UInt8] {
        loop.preconditionOnLoop()
        if let last = lastOutbound.take() { return last }
        return outbound.popLast() ?? []
    }

    func giveBack(_ bytes: consuming [UInt8]) {
        guard outbound.count < Self.mostSpares, (1...256 << 10).contains(bytes.capacity) else { return }
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
        if lastOutbound == nil { lastOutbound = consume bytes } else { outbound.append(bytes) }
    }

    /// Of an earlier request, to be filled anew.
    func takeHead() -> Request.Head {
        loop.preconditionOnLoop()
        return lastHead.take() ?? Request.Head()
    }

    func giveBack(_ head: consuming Request.Head) {
        // Who logs, or works on, may hold it still.
        if isKnownUniquelyReferenced(&head) { lastHead = head }
    }

    /// Lets `writer` send what it gathered once others of the same round have gathered theirs, eight at most. The kernel's way
    /// in and its way out are as long as the processor's caches: walking each several times in a row takes half a percent less
    /// than one after the other for each answer.
    func flushSoon(_ writer: HTTP1Connection) {
        if !endsRound {
            endsRound = true
            loop.atEndOfRound(self)
        }
        writers[writerCount] = .passUnretained(writer)
        writerCount += 1
        if writerCount == writers.count { flushWriters() }
    }

    func roundEnded() {
        endsRound = false
        flushWriters()
    }

    private func flushWriters() {
        let count = writerCount
        writerCount = 0
        for place in 0..<count { writers[place]?._withUnsafeGuaranteedRef { $0.flushGathered() } }
    }

    /// The `Date` line of this second.
    var date: DateLine {
        loop.preconditionOnLoop()
        if loop.now.nanoseconds - dateCheckedAt.nanoseconds >= 100_000_000 {
            dateCheckedAt = loop.now
            let now = HTTPDate.now
            if now != dateLine.date { dateLine = DateLine(now) }
        }
        return dateLine
    }
}
