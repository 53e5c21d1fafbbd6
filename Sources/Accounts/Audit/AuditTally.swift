import FoundationEssentials
import Synchronization

/// Counts what strangers can cause as often as they like, so that it becomes few entries.
///
/// - Rule: what happens several times between two writings, which are a minute apart, is one entry with a count. `burst` different things
///   are told by themselves at once, and one more for each `interval`; all others of an action become one entry that says how many they
///   were.
/// - Why: a stranger who tries passwords from a thousand addresses must neither fill the disk nor hide what he does.
/// - Bound: `capacity` things in memory; 8,640 entries a day and server, beside one for each action and minute.
final class AuditTally: Sendable {
    static let burst = 200
    /// In seconds.
    static let interval: TimeInterval = 10
    static let capacity = 2_000

    struct Counted: Sendable, Equatable {
        var event: AuditEvent
        var count: Int
        var firstAt: Date
        var lastAt: Date

        /// As it is written.
        var whole: AuditEvent {
            var event = event
            event.after[.count] = .number(count)
            if count > 1 { event.after[.lastAt] = .time(lastAt) }
            return event
        }

        /// The same of nobody and nothing in particular.
        var withoutDetails: Counted {
            var result = self
            result.event = AuditEvent(event.action, by: AuditOrigin(.stranger), outcome: event.outcome)
            return result
        }

        static func += (sum: inout Counted, other: Counted) {
            sum.count += other.count
            sum.firstAt = min(sum.firstAt, other.firstAt)
            sum.lastAt = max(sum.lastAt, other.lastAt)
        }
    }

    private struct State {
        var counted: [AuditEvent: Counted] = [:]
        /// How many things may be told by themselves, as of a time.
        var room = Double(AuditTally.burst)
        var roomAt: Date?
    }

    private let state = Mutex(State())

    func add(_ event: AuditEvent, at time: Date) {
        add([Counted(event: event, count: 1, firstAt: time, lastAt: time)])
    }

    /// Also what could not be written: it waits for the next time, together with what came since.
    func add(_ some: [Counted]) {
        state.withLock { state in
            for one in some {
                let hasRoom = state.counted[one.event] != nil || state.counted.count < Self.capacity
                Self.add(hasRoom ? one : one.withoutDetails, to: &state.counted)
            }
        }
    }

    /// What was counted, which begins anew.
    func take() -> [Counted] {
        state.withLock { state in
            defer { state.counted = [:] }
            return Array(state.counted.values)
        }
    }

    /// Makes so few entries of it as may be written now. Things whose target is known come first.
    ///
    /// - Parameter some: may hold the same event several times.
    func fit(_ some: [Counted], at time: Date) -> [Counted] {
        var merged: [AuditEvent: Counted] = [:]
        for one in some { Self.add(one, to: &merged) }
        func rank(_ one: Counted) -> (Int, Date) { (one.event.target == nil ? 1 : 0, one.firstAt) }
        let ranked = merged.values.sorted { rank($0) < rank($1) }
        let room = takeRoom(for: ranked.count, at: time)
        var others: [AuditEvent: Counted] = [:]
        for one in ranked.dropFirst(room) { Self.add(one.withoutDetails, to: &others) }
        return Array(ranked.prefix(room)) + Array(others.values)
    }

    private func takeRoom(for count: Int, at time: Date) -> Int {
        state.withLock { state in
            let passed = state.roomAt.map { max(0, time.timeIntervalSince($0)) } ?? 0
            state.room = min(Double(Self.burst), state.room + passed / Self.interval)
            state.roomAt = max(state.roomAt ?? time, time)
            let taken = min(count, Int(state.room))
            state.room -= Double(taken)
            return taken
        }
    }

    private static func add(_ one: Counted, to all: inout [AuditEvent: Counted]) {
        if all[one.event] == nil { all[one.event] = one } else { all[one.event]? += one }
    }
}
