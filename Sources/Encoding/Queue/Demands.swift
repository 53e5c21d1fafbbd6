import Synchronization

/// What viewers wait for at this moment, in order of arrival. In memory only: a wish ends with its request.
final class Demands: Sendable {
    /// The task that makes what is wanted, and the part of it that is.
    struct Demand: Sendable, Hashable {
        var video: EncodingID
        var kind: EncodingTask.Kind
        var chunk: Int
        var rendition: String
        var segment: Int
    }

    private struct Entry {
        var demand: Demand
        var waiters = 1
        var failures = 0
    }

    private let waiting = Mutex<[Entry]>([])

    func add(_ demand: Demand) {
        waiting.withLock { waiting in
            if let position = waiting.firstIndex(where: { $0.demand == demand }) {
                waiting[position].waiters += 1
            } else {
                waiting.append(Entry(demand: demand))
            }
        }
    }

    func remove(_ demand: Demand) {
        waiting.withLock { waiting in
            guard let position = waiting.firstIndex(where: { $0.demand == demand }) else { return }
            waiting[position].waiters -= 1
            if waiting[position].waiters <= 0 { waiting.remove(at: position) }
        }
    }

    var all: [Demand] { waiting.withLock { $0.map(\.demand) } }

    /// The renditions in which somebody waits for the same segment.
    func renditions(with demand: Demand) -> Set<String> {
        Set(all.filter { $0.video == demand.video && $0.segment == demand.segment }.map(\.rendition))
    }

    /// How often it was tried in vain.
    func failures(of demand: Demand) -> Int {
        waiting.withLock { waiting in waiting.first { $0.demand == demand }?.failures ?? 0 }
    }

    func countFailure(of demand: Demand) {
        waiting.withLock { waiting in
            guard let position = waiting.firstIndex(where: { $0.demand == demand }) else { return }
            waiting[position].failures += 1
        }
    }

    /// The first segment of a copied rendition that somebody waits for, of those that `isMissing`.
    func copied(of video: EncodingID, where isMissing: (Int) -> Bool) -> Int? {
        all.first { $0.video == video && $0.kind == .copy && isMissing($0.segment) }?.segment
    }
}
