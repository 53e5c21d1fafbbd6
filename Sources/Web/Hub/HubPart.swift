import Reactor
import Synchronization

/// What of one topic is on one loop: the messages that somebody has not read, and who reads them.
///
/// Its lock is held for moments only: by publishers to add a message, and by readers on the loop to take one.
final class HubPart<Message: HubMessage>: Sendable {
    private struct State {
        var kept: [Message] = []
        var keptByteCount = 0
        /// The number of the first message that is kept, or of the next one where none is.
        var first = 0
        /// Have read everything.
        var waiting: [HubReader] = []
        /// There is something for them, and it is not their turn yet.
        var due: [HubReader] = []
        /// Were told and have not asked for more since.
        var busy: [HubReader] = []
        /// Something came after the last time that all who waited became due.
        var hasNews = false
        /// The loop will look again by itself.
        var isWaking = false
        var isClosed = false

        var end: Int { first + kept.count }
    }

    /// After so many readers, other work of the loop gets its turn.
    private static var share: Int { 128 }

    let loop: EventLoop
    private let rule: HubRule
    private let missed: MissedCount
    private let state = Mutex(State())

    init(loop: EventLoop, rule: HubRule, missed: MissedCount) {
        self.loop = loop
        self.rule = rule
        self.missed = missed
    }

    var memberCount: Int { state.withLock { $0.waiting.count + $0.due.count + $0.busy.count } }

    // MARK: Publishers

    func append(_ message: Message) {
        let mustTell = state.withLock { state in
            state.kept.append(message)
            state.keptByteCount += message.byteCount
            while state.kept.count > 1,
                state.kept.count > rule.messageCount || state.keptByteCount > rule.byteCount
            {
                state.keptByteCount -= state.kept.removeFirst().byteCount
                state.first += 1
            }
            return Self.claimWave(&state)
        }
        if mustTell { loop.execute { self.wakeSome() } }
    }

    func close() {
        let mustTell = state.withLock { state in
            state.isClosed = true
            return Self.claimWave(&state)
        }
        if mustTell { loop.execute { self.wakeSome() } }
    }

    private static func claimWave(_ state: inout State) -> Bool {
        state.hasNews = true
        defer { state.isWaking = true }
        return !state.isWaking
    }

    /// Wakes readers on their loop. Whoever's turn comes late finds several messages at once.
    private func wakeSome() {
        var woken: ArraySlice<HubReader> = []
        var dropped: [HubReader] = []
        let goesOn = state.withLock { state in
            if state.due.isEmpty, state.hasNews {
                state.hasNews = false
                swap(&state.due, &state.waiting)
                if rule.lag == .drops { dropped = dropSlow(&state) }
                Self.forgetWhatAllHaveRead(&state)
            }
            woken = state.due.suffix(Self.share)
            state.due.removeLast(woken.count)
            for reader in woken { Self.put(reader, into: &state.busy) }
            state.isWaking = state.hasNews || !state.due.isEmpty
            return state.isWaking
        }
        for reader in dropped { reader.wake(.tooSlow) }
        for reader in woken { reader.wake(nil) }
        if goesOn { loop.execute { self.wakeSome() } }
    }

    /// Takes out those who have not come for what is gone.
    private func dropSlow(_ state: inout State) -> [HubReader] {
        let slow = state.busy.filter { $0.next < state.first }
        for reader in slow {
            reader.end = .tooSlow
            missed.add(state.first - reader.next)
            _ = Self.take(reader, outOf: &state.busy)
        }
        return slow
    }

    // MARK: Readers

    func add(_ reader: HubReader, isClosed: Bool) {
        state.withLock { state in
            reader.next = state.end
            state.isClosed = isClosed
            Self.put(reader, into: &state.busy)
        }
    }

    /// - Returns: whether nobody is left.
    func remove(_ reader: HubReader) -> Bool {
        state.withLock { state in
            if reader.end == nil { reader.end = .left }
            Self.takeOut(reader, of: &state)
            Self.forgetWhatAllHaveRead(&state)
            return state.waiting.isEmpty && state.due.isEmpty && state.busy.isEmpty
        }
    }

    /// Nil when there is nothing now: then the reader is woken when there is.
    func takeNext(_ reader: HubReader) -> HubNext<Message>? {
        state.withLock { state in
            if let end = reader.end { return .end(end) }
            if reader.next < state.first {
                missed.add(state.first - reader.next)
                switch rule.lag {
                case .skips:
                    defer { reader.next = state.first }
                    return .skipped(state.first - reader.next)
                case .drops: return .end(Self.end(reader, .tooSlow, &state))
                }
            }
            if reader.next < state.end {
                defer { reader.next += 1 }
                return .message(state.kept[reader.next - state.first])
            }
            if state.isClosed { return .end(Self.end(reader, .closed, &state)) }
            if Self.take(reader, outOf: &state.busy) {
                Self.put(reader, into: &state.waiting)
                Self.forgetWhatAllHaveRead(&state)
            }
            return nil
        }
    }

    private static func end(_ reader: HubReader, _ reason: HubEnd, _ state: inout State) -> HubEnd {
        reader.end = reason
        takeOut(reader, of: &state)
        forgetWhatAllHaveRead(&state)
        return reason
    }

    /// A topic in which nothing happens keeps nothing.
    private static func forgetWhatAllHaveRead(_ state: inout State) {
        guard state.busy.isEmpty, state.due.isEmpty, !state.hasNews, !state.kept.isEmpty else { return }
        state.first = state.end
        state.kept = []
        state.keptByteCount = 0
    }

    // MARK: Lists

    private static func put(_ reader: HubReader, into list: inout [HubReader]) {
        reader.index = list.count
        list.append(reader)
    }

    private static func takeOut(_ reader: HubReader, of state: inout State) {
        _ = take(reader, outOf: &state.busy) || take(reader, outOf: &state.waiting) || take(reader, outOf: &state.due)
    }

    /// The last one takes the free place: within a list there is no order.
    private static func take(_ reader: HubReader, outOf list: inout [HubReader]) -> Bool {
        guard reader.index < list.count, list[reader.index] === reader else { return false }
        let last = list.removeLast()
        if last !== reader {
            last.index = reader.index
            list[reader.index] = last
        }
        return true
    }
}

/// What the members of a hub missed, on all loops.
final class MissedCount: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ messages: Int) { count.wrappingAdd(messages, ordering: .relaxed) }
}

/// How far one member has read. Every variable is under the lock of the reader's part.
final class HubReader: @unchecked Sendable {
    let wake: @Sendable (HubEnd?) -> Void
    /// The number of the message that comes next.
    @exclusivity(unchecked) var next = 0
    /// Its place in the list of its part that it is in.
    @exclusivity(unchecked) var index = 0
    @exclusivity(unchecked) var end: HubEnd?

    init(wake: @escaping @Sendable (HubEnd?) -> Void) { self.wake = wake }
}
