/// A scheduled call that has not run yet. Loop-confined like the loop's timers themselves.
public final class TimerToken {
    let deadline: MonotonicTime
    let order: UInt64
    var body: (() -> Void)?

    init(deadline: MonotonicTime, order: UInt64, body: @escaping () -> Void) {
        self.deadline = deadline
        self.order = order
        self.body = body
    }

    /// Nothing happens if the timer already fired. The entry leaves the heap when its time comes.
    public func cancel() {
        body = nil
    }

    func isBefore(_ other: TimerToken) -> Bool {
        deadline == other.deadline ? order < other.order : deadline < other.deadline
    }
}

/// A binary min-heap of timers, earliest first, equal deadlines in the order they were scheduled.
struct TimerHeap {
    private var heap: [TimerToken] = []
    private var nextOrder: UInt64 = 0

    mutating func schedule(at deadline: MonotonicTime, _ body: @escaping () -> Void) -> TimerToken {
        let token = TimerToken(deadline: deadline, order: nextOrder, body: body)
        nextOrder += 1
        heap.append(token)
        siftUp(heap.count - 1)
        return token
    }

    /// The deadline of the earliest live timer; cancelled ones at the top are dropped on the way.
    mutating func nextDeadline() -> MonotonicTime? {
        while let first = heap.first, first.body == nil { removeFirst() }
        return heap.first?.deadline
    }

    /// Takes one timer that is due at `now`, or nil.
    mutating func popDue(at now: MonotonicTime) -> TimerToken? {
        guard let deadline = nextDeadline(), deadline <= now, let first = heap.first else { return nil }
        removeFirst()
        return first
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
