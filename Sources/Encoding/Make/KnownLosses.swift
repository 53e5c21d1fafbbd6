import Synchronization

/// Videos of which a chunk could be made only with fewer frames than announced: their other chunks need not be
/// tried twice before that is accepted. In memory: after a restart it is found out again.
final class KnownLosses: Sendable {
    private let videos = Mutex<Set<EncodingID>>([])

    func contains(_ id: EncodingID) -> Bool { videos.withLock { $0.contains(id) } }

    func insert(_ id: EncodingID) {
        videos.withLock { videos in
            if videos.count > 1000 { videos.removeAll() }
            videos.insert(id)
        }
    }
}
