import Reactor
import Synchronization

/// As many places as tasks may keep the processor busy. A task that only waits for the disk gives its place up early, so
/// that the next one begins meanwhile.
final class Places: Sendable {
    private let free: Mutex<Int>
    private let isClosed = Atomic(false)
    private let bell = Bell()

    init(_ count: Int) {
        free = Mutex(max(1, count))
    }

    /// Nobody gets one any more.
    func close() {
        isClosed.store(true, ordering: .releasing)
        bell.ring()
    }

    /// Waits for a place; nil when the task is cancelled, and once all is closed.
    func take(on loop: EventLoop) async -> Place? {
        while !Task.isCancelled, !isClosed.load(ordering: .acquiring) {
            let rings = bell.rings
            let isMine = free.withLock { free in
                guard free > 0 else { return false }
                free -= 1
                return true
            }
            if isMine { return Place(self) }
            await bell.wait(after: rings, patience: .seconds(60), on: loop)
        }
        return nil
    }

    fileprivate func giveBack() {
        free.withLock { $0 += 1 }
        bell.ring()
    }
}

/// One place, given back once: when its holder says so, at the latest when nobody holds it any more.
final class Place: Sendable {
    private let places: Places
    private let isHeld = Mutex(true)

    fileprivate init(_ places: Places) {
        self.places = places
    }

    deinit { giveBack() }

    func giveBack() {
        let wasHeld = isHeld.withLock { isHeld in
            defer { isHeld = false }
            return isHeld
        }
        if wasHeld { places.giveBack() }
    }
}
