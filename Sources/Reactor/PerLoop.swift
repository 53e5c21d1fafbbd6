import Synchronization

/// One value for each loop of a group, changed on that loop without a lock and read for all loops together: for counting
/// what happens too often for anything shared.
///
/// Threads that are no loop of the group share one more value behind a lock.
public final class PerLoop<Value: Sendable>: Sendable {
    @usableFromInline
    final class Cell: @unchecked Sendable {
        // @unchecked: `value` is confined to `loop`.
        @usableFromInline let loop: EventLoop
        @usableFromInline @exclusivity(unchecked) var value: Value

        init(_ value: Value, on loop: EventLoop) {
            self.loop = loop
            self.value = value
        }
    }

    @usableFromInline let cells: [Cell]
    /// Of the cells, in their order: where a thread's cell is, is found without counting a reference to its loop.
    @usableFromInline let loops: [ObjectIdentifier]
    @usableFromInline let elsewhere: Mutex<Value>

    public init(_ value: Value, in group: EventLoopGroup) {
        cells = group.loops.map { Cell(value, on: $0) }
        loops = group.loops.map(ObjectIdentifier.init)
        elsewhere = Mutex(value)
    }

    /// Changes the calling thread's value.
    @inlinable
    public func update(_ body: (inout Value) -> Void) {
        if let loop = EventLoop.currentIdentity, let place = loops.firstIndex(of: loop) {
            body(&cells[place].value)
        } else {
            elsewhere.withLock { body(&$0) }
        }
    }

    /// All values, each as it is when its loop comes to it. The loops must run.
    public func values() async -> [Value] {
        var values = [elsewhere.withLock { $0 }]
        for cell in cells {
            values.append(
                await withUnsafeContinuation { continuation in
                    cell.loop.execute { continuation.resume(returning: cell.value) }
                })
        }
        return values
    }
}
