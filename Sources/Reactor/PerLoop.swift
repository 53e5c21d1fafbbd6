import Synchronization

/// One value for each loop of a group, changed on that loop without a lock and read for all loops together: for counting
/// what happens too often for anything shared.
///
/// Threads that are no loop of the group share one more value behind a lock.
public final class PerLoop<Value: Sendable>: @unchecked Sendable {
    // @unchecked: see `cells`; the rest never changes.

    /// Each is confined to its loop.
    @usableFromInline let cells: UnsafeMutableBufferPointer<Value>
    private let group: [EventLoop]
    /// Of the loops, in their order: where a thread's value is, is found without counting a reference to its loop.
    @usableFromInline let loops: [ObjectIdentifier]
    @usableFromInline let elsewhere: Mutex<Value>

    public init(_ value: Value, in group: EventLoopGroup) {
        self.group = group.loops
        cells = .allocate(capacity: group.loops.count)
        cells.initialize(repeating: value)
        loops = group.loops.map(ObjectIdentifier.init)
        elsewhere = Mutex(value)
    }

    deinit {
        cells.deinitialize()
        cells.deallocate()
    }

    /// Changes the calling thread's value.
    @inlinable
    public func update(_ body: (inout Value) -> Void) {
        if let loop = EventLoop.currentIdentity, let place = loops.firstIndex(of: loop) {
            body(&cells[place])
        } else {
            elsewhere.withLock { body(&$0) }
        }
    }

    /// All values, each as it is when its loop comes to it. The loops must run.
    public func values() async -> [Value] {
        var values = [elsewhere.withLock { $0 }]
        for (place, loop) in group.enumerated() {
            values.append(
                await withUnsafeContinuation { continuation in
                    loop.execute { [self] in continuation.resume(returning: cells[place]) }
                })
        }
        return values
    }
}
