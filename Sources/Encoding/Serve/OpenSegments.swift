import Reactor
import Synchronization

/// The segments that are being watched, kept open: the viewers of a video ask for the same ones one after the other,
/// and opening is a tenth of what sending one costs. Bounded: what was not asked for since the last round makes room.
final class OpenSegments: Sendable {
    struct Name: Hashable, Sendable {
        var video: EncodingID
        var rendition: String
        /// Nil for the init segment.
        var number: Int?
    }

    private struct Slot {
        var name: Name
        var file: OpenFile
        var wasUsed = false
    }

    private struct State {
        var slots: [Slot] = []
        var places: [Name: Int] = [:]
        var hand = 0
        var generation = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many descriptors it may hold.
    init(capacity: Int = 1024) {
        self.capacity = max(1, capacity)
    }

    func find(_ name: Name) -> OpenFile? {
        state.withLock { state in
            guard let place = state.places[name] else { return nil }
            state.slots[place].wasUsed = true
            return state.slots[place].file
        }
    }

    /// Opens with `open` what is not there yet; nil where that finds nothing.
    func find(_ name: Name, open: () throws -> OpenFile?) rethrows -> OpenFile? {
        if let file = find(name) { return file }
        let generation = state.withLock { $0.generation }
        guard let file = try open() else { return nil }
        state.withLock { state in
            // A video that was removed meanwhile must not keep its disk space through an open descriptor.
            guard state.generation == generation, state.places[name] == nil else { return }
            keep(Slot(name: name, file: file), in: &state)
        }
        return file
    }

    /// Closes what is open of a video.
    func forget(_ video: EncodingID) {
        // Closing may take a while: not under the lock.
        let closed = state.withLock { state in
            state.generation += 1
            let closed = state.slots.filter { $0.name.video == video }
            guard !closed.isEmpty else { return closed }
            state.slots.removeAll { $0.name.video == video }
            state.places = Dictionary(uniqueKeysWithValues: state.slots.enumerated().map { ($1.name, $0) })
            state.hand = 0
            return closed
        }
        _ = consume closed
    }

    private func keep(_ slot: Slot, in state: inout State) {
        if state.slots.count < capacity {
            state.places[slot.name] = state.slots.count
            state.slots.append(slot)
            return
        }
        while state.slots[state.hand].wasUsed {
            state.slots[state.hand].wasUsed = false
            state.hand = (state.hand + 1) % capacity
        }
        state.places[state.slots[state.hand].name] = nil
        state.places[slot.name] = state.hand
        state.slots[state.hand] = slot
        state.hand = (state.hand + 1) % capacity
    }
}
