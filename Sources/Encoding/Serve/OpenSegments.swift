import Reactor
import Synchronization

/// The segments that are being watched, kept open: the viewers of a video ask for the same ones one after the other,
/// and opening is a tenth of what sending one costs. Bounded: what was not asked for since the last round makes room. That files are
/// gone is told (`forget`); what has been open for `maximumAge` is closed all the same, so that their room on the disk comes back.
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
        let openedAt: MonotonicTime
        var wasUsed = false
    }

    private struct State {
        var slots: [Slot] = []
        var places: [Name: Int] = [:]
        var hand = 0
        var generation = 0
        /// When what is too old is looked for.
        var sweepAt = MonotonicTime.distantFuture
    }

    static let maximumAge = Duration.seconds(300)
    private let capacity: Int
    private let now: @Sendable () -> MonotonicTime
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: how many descriptors it may hold.
    ///   - now: tests bring their own.
    init(capacity: Int = 1024, now: @escaping @Sendable () -> MonotonicTime = { .now }) {
        self.capacity = max(1, capacity)
        self.now = now
    }

    func find(_ name: Name) -> OpenFile? {
        let moment = now()
        let (file, old) = state.withLock { state -> (OpenFile?, [Slot]) in
            let old = state.sweepAt <= moment ? Self.takeOutOld(of: &state, at: moment) : []
            guard let place = state.places[name] else { return (nil, old) }
            state.slots[place].wasUsed = true
            return (state.slots[place].file, old)
        }
        _ = consume old
        return file
    }

    /// Opens with `open` what is not there yet; nil where that finds nothing.
    func find(_ name: Name, open: () async throws -> OpenFile?) async rethrows -> OpenFile? {
        if let file = find(name) { return file }
        let generation = state.withLock { $0.generation }
        guard let file = try await open() else { return nil }
        let moment = now()
        state.withLock { state in
            // A video that was removed meanwhile must not keep its disk space through an open descriptor.
            guard state.generation == generation, state.places[name] == nil else { return }
            keep(Slot(name: name, file: file, openedAt: moment), in: &state)
            state.sweepAt = min(state.sweepAt, moment + Self.maximumAge)
        }
        return file
    }

    /// Closes what is open of a video.
    func forget(_ video: EncodingID) { forget { $0.video == video } }

    func forgetAll() { forget { _ in true } }

    private func forget(_ isMeant: (Name) -> Bool) {
        // Closing may take a while: not under the lock.
        let closed = state.withLock { state in
            state.generation += 1
            return Self.takeOut(of: &state) { isMeant($0.name) }
        }
        _ = consume closed
    }

    /// Looks once in a `maximumAge`, so what is asked for all the time is closed within two.
    private static func takeOutOld(of state: inout State, at moment: MonotonicTime) -> [Slot] {
        let old = takeOut(of: &state) { $0.openedAt + maximumAge <= moment }
        state.sweepAt = state.slots.isEmpty ? .distantFuture : moment + maximumAge
        return old
    }

    private static func takeOut(of state: inout State, _ isMeant: (Slot) -> Bool) -> [Slot] {
        let closed = state.slots.filter(isMeant)
        guard !closed.isEmpty else { return closed }
        state.slots.removeAll(where: isMeant)
        state.places = Dictionary(uniqueKeysWithValues: state.slots.enumerated().map { ($1.name, $0) })
        state.hand = 0
        return closed
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
