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

    private let waiting = Mutex<[(demand: Demand, waiters: Int)]>([])

    func add(_ demand: Demand) {
        waiting.withLock { waiting in
            if let position = waiting.firstIndex(where: { $0.demand == demand }) {
                waiting[position].waiters += 1
            } else {
                waiting.append((demand, 1))
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

    /// The renditions of one task that somebody waits for.
    func renditions(_ kind: EncodingTask.Kind, chunk: Int, of video: EncodingID) -> Set<String> {
        Set(all.filter { $0.video == video && $0.kind == kind && $0.chunk == chunk }.map(\.rendition))
    }

    /// The first segment of a copied rendition that somebody waits for, of those that `isMissing`.
    func copied(of video: EncodingID, where isMissing: (Int) -> Bool) -> Int? {
        all.first { $0.video == video && $0.kind == .copy && isMissing($0.segment) }?.segment
    }
}
