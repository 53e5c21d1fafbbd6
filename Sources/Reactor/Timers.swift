/// A scheduled call that has not run yet. Loop-confined like the loop's timers themselves.
public final class TimerToken {
    let deadline: MonotonicTime
    let order: UInt64
    fileprivate(set) var body: (() -> Void)?
    private weak var heap: TimerHeap?
    /// Nil once it left the heap.
    fileprivate var index: Int?

    fileprivate init(deadline: MonotonicTime, order: UInt64, heap: TimerHeap, body: @escaping () -> Void) {
        self.deadline = deadline
        self.order = order
        self.heap = heap
        self.body = body
    }

    /// Takes it out of the loop's timers. Nothing happens if it already fired.
    public func cancel() {
        guard index != nil else { return }
        heap?.remove(self)
        body = nil
    }

    func fire() {
        let body = body
        self.body = nil
        body?()
    }

    func isBefore(_ other: TimerToken) -> Bool {
        deadline == other.deadline ? order < other.order : deadline < other.deadline
    }
}

/// A binary min-heap of timers, earliest first, equal deadlines in the order they were scheduled. Each timer knows its
/// place, so that one that is not needed any more leaves at once.
final class TimerHeap {
    private var heap: [TimerToken] = []
    private var nextOrder: UInt64 = 0

    var count: Int { heap.count }

    func schedule(at deadline: MonotonicTime, _ body: @escaping () -> Void) -> TimerToken {
        let token = TimerToken(deadline: deadline, order: nextOrder, heap: self, body: body)
        nextOrder += 1
        heap.append(token)
        siftUp(token, from: heap.count - 1)
        return token
    }

    var nextDeadline: MonotonicTime? { heap.first?.deadline }

    /// Takes one timer that is due at `now`, or nil.
    func popDue(at now: MonotonicTime) -> TimerToken? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        remove(first)
        return first
    }

    fileprivate func remove(_ token: TimerToken) {
        guard let index = token.index else { return }
        token.index = nil
        let last = heap.removeLast()
        guard last !== token else { return }
        // The last one takes the free place, and goes where it belongs from there.
        siftUp(last, from: index)
        if let place = last.index { siftDown(last, from: place) }
    }

    private func siftUp(_ token: TimerToken, from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard token.isBefore(heap[parent]) else { break }
            put(heap[parent], at: child)
            child = parent
        }
        put(token, at: child)
    }

    private func siftDown(_ token: TimerToken, from start: Int) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(token) else { break }
            put(heap[child], at: parent)
            parent = child
        }
        put(token, at: parent)
    }

    private func put(_ token: TimerToken, at index: Int) {
        heap[index] = token
        token.index = index
    }
}

/// A call on a loop after a while that any thread may take back.
public final class LoopTimer: @unchecked Sendable {
    // @unchecked: `token` and `isOver` are confined to `loop`.

    private let loop: EventLoop
    private var token: TimerToken?
    private var isOver = false

    /// - Parameter body: called on `loop` once `delay` has passed, unless `cancel` came first.
    public init(after delay: Duration, on loop: EventLoop, _ body: @escaping @Sendable () -> Void) {
        self.loop = loop
        onLoop { timer in
            guard !timer.isOver else { return }
            timer.token = loop.schedule(after: delay) {
                timer.token = nil
                body()
            }
        }
    }

    /// Nothing of it stays behind.
    public func cancel() {
        onLoop { timer in
            timer.isOver = true
            timer.token?.cancel()
            timer.token = nil
        }
    }

    private func onLoop(_ body: @escaping @Sendable (LoopTimer) -> Void) {
        if loop.isCurrent { body(self) } else { loop.execute { body(self) } }
    }
}
