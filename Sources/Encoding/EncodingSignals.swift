import SQL
import Synchronization

/// What changed of encodings. Whoever remembers or waits in this process hears of it after the commit, and of what other servers
/// changed in the same way.
final class EncodingSignals: Sendable {
    enum Change: String {
        /// There is something to do.
        case waiting
        /// Something was counted: the next playlist says so.
        case measured
        /// Segment requests must know.
        case changed
        /// What works on it must end.
        case stopped
        case removed
        /// A viewer began or ended to wait for something.
        case demanded
    }

    /// Called with no change where it is not known what there was. It may be called on any thread and must be short.
    typealias Listener = @Sendable (Change?, EncodingID?) -> Void

    /// Rings after each change.
    let bell = Bell()
    /// Rings when viewers of other servers may wait for something else than before.
    let demandBell = Bell()
    /// By what an id leaves divided by their number. bound: it does not grow
    private let changes = Mutex([Int](repeating: 0, count: 256))
    /// bound: one for each service of this room
    private let listeners = Mutex<[Listener]>([])

    func listen(_ listener: @escaping Listener) { listeners.withLock { $0.append(listener) } }

    /// Another number when something of this video was made or changed; seldom also when it was another video.
    func changeCount(of id: EncodingID) -> Int { changes.withLock { $0[Self.place(of: id, in: $0)] } }

    private static func place(of id: EncodingID, in counts: [Int]) -> Int { Int(id.low % UInt64(counts.count)) }

    /// Tells it here and everywhere once the transaction is kept.
    func tell(_ change: Change, of id: EncodingID, in transaction: Transaction) throws {
        transaction.afterCommit { [self] in pass(change, id) }
        try transaction.announce(Announcement(EncodingQueue.topic, "\(change.rawValue) \(id)"))
    }

    /// Another server changed something; nil where it is not known what.
    func heard(_ announcement: Announcement?) {
        let words = announcement?.text.split(separator: " ").map(String.init) ?? []
        guard words.count == 2, let change = Change(rawValue: words[0]), let id = EncodingID(words[1]) else {
            pass(nil, nil)
            return demandBell.ring()
        }
        pass(change, id)
        if change == .demanded { demandBell.ring() }
    }

    private func pass(_ change: Change?, _ id: EncodingID?) {
        changes.withLock { changes in
            if let id {
                if change != .waiting, change != .demanded { changes[Self.place(of: id, in: changes)] += 1 }
            } else {
                for place in changes.indices { changes[place] += 1 }  // bound: one for each change
            }
        }
        for listener in listeners.withLock({ $0 }) { listener(change, id) }
        bell.ring()
    }
}
