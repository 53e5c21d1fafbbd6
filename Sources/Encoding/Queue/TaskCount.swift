/// The tasks of one state, for those who watch over the server.
public struct TaskCount: Sendable, Equatable {
    public let count: Int
    /// Seconds since the oldest of them was put into the queue.
    public let oldestAge: Double

    /// - Parameter now: microseconds since 1970.
    init(count: Int, oldest: TaskID, at now: Int64) {
        self.count = count
        // An id holds 48 bits of milliseconds, so that neither the product nor the difference can be too large.
        oldestAge = max(0, Double(now - oldest.millisecondsSince1970 * 1000) / 1e6)
    }
}
