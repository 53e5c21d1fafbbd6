import Accounts
import FoundationEssentials
import Reactor
import Synchronization

/// A person at a video.
struct Watcher: Hashable, Sendable, Comparable {
    var person: UserID
    var video: VideoID

    static func < (left: Self, right: Self) -> Bool {
        (left.video, left.person) < (right.video, right.person)
    }
}

/// That somebody was let in to a video, and what may end that.
struct WatchAdmission: Sendable {
    /// Of `GrantRevocations`, read before the policy was asked.
    struct Marks: Sendable, Equatable {
        var video: UInt32
        var person: UInt32
    }

    var viewer: Viewer
    var marks: Marks
    /// Of the video; nil while it is not known.
    var duration: Double?
    var at: MonotonicTime
}

/// What a player tells.
struct WatchReport: Sendable {
    /// In seconds from the start.
    var position: Double
    /// Seconds that were watched since the report before; nil where the player does not say.
    var played: Double?
}

/// What is to be written of one watcher.
struct UnwrittenWatch: Sendable {
    var watcher: Watcher
    var position: Double
    var toldAt: Date
    /// When the end was reached; nil where it was not.
    var watchedAt: Date?
    /// Watched since what was written before.
    var seconds: Double
    /// The view of these seconds was counted before, as this server knows.
    var isViewCounted: Bool
    /// Of the watch when this was taken from it.
    let version: UInt64
}

/// What players have told, in memory on its way to the database: the last position of each watcher, and the seconds that they watched.
///
/// - Rule: whoever was admitted tells without a look at the database, for a minute and while nothing changes that ends grants.
/// - Why: a thousand players that tell their positions every few seconds would be hundreds of transactions a second, and as many
///   questions who may see what.
/// - What if not: what is not written yet is lost when the server is killed, which are positions of about a second (`WriteWatches`).
final class WatchReports: Sendable {
    /// Watchers that are remembered, of some 200 bytes each.
    static let usualLimit = 50_000
    /// For so long the policy is not asked anew.
    static let admissionSeconds: Int64 = 60
    /// The same while the encoder has not told how long the video is.
    static let briefAdmissionSeconds: Int64 = 5
    /// So much can be told to have been watched at once: players tell every few seconds, and in the background once a minute.
    static let mostSecondsAtOnce = 120.0

    fileprivate struct Watch {
        var admission: WatchAdmission
        /// What was watched before this moment cannot be claimed any more.
        var creditedUntil: MonotonicTime
        var lastHeard: MonotonicTime
        /// Where the seconds of a player that does not count them begin.
        var origin: Double?
        var position = 0.0
        var toldAt = Date.distantPast
        var watchedAt: Date?
        var seconds = 0.0
        var viewCountedUntil: Date?
        var version: UInt64 = 0
        var isUnwritten = false
    }

    /// Who was not heard for so long has left, and what is known of them is written.
    static let idleSeconds: Int64 = 600

    private struct State {
        var watches: [Watcher: Watch] = [:]
        var unwritten: [UserID: Set<VideoID>] = [:]

        mutating func forget(heardBefore time: MonotonicTime) {
            watches = watches.filter { $0.value.isUnwritten || $0.value.lastHeard >= time }
        }

        mutating func settle(_ watcher: Watcher) {
            watches[watcher]?.isUnwritten = false
            unwritten[watcher.person]?.remove(watcher.video)
            if unwritten[watcher.person]?.isEmpty == true { unwritten[watcher.person] = nil }
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int = WatchReports.usualLimit) {
        self.limit = limit
    }

    // MARK: Telling

    /// Remembers that somebody may watch. From now on seconds can be claimed.
    ///
    /// - Parameter origin: where they begin, where that is known.
    /// - Returns: false where there is no room until something is written.
    func admit(_ admission: WatchAdmission, to video: VideoID, at origin: Double?) -> Bool {
        let watcher = Watcher(person: admission.viewer.id, video: video)
        return state.withLock { state in
            if state.watches[watcher] != nil {
                state.watches[watcher]?.admission = admission
                if let origin {
                    state.watches[watcher]?.origin = origin
                    state.watches[watcher]?.lastHeard = admission.at
                }
                return true
            }
            if state.watches.count >= limit {
                state.forget(heardBefore: admission.at.advanced(byNanoseconds: -Self.idleSeconds * 1_000_000_000))
                // Of those who stay the next seconds are not known to have passed, so they do not count.
                if state.watches.count >= limit { state.forget(heardBefore: .distantFuture) }
                guard state.watches.count < limit else { return false }
            }
            // bound: limit
            state.watches[watcher] = Watch(
                admission: admission, creditedUntil: admission.at, lastHeard: admission.at, origin: origin)
            return true
        }
    }

    /// - Returns: false where the watcher has to be admitted first.
    func tell(
        _ report: WatchReport, by viewer: Viewer, of video: VideoID, marks: WatchAdmission.Marks, at time: Date,
        _ now: MonotonicTime
    ) -> Bool {
        let watcher = Watcher(person: viewer.id, video: video)
        return state.withLock { state in
            guard var watch = state.watches[watcher], watch.admission.viewer == viewer,
                watch.admission.marks == marks, Self.isFresh(watch.admission, at: now)
            else { return false }
            let point = WatchPoint(
                position: watch.admission.duration.map { min(report.position, $0) } ?? report.position,
                duration: watch.admission.duration)
            watch.credit(report.played, until: point.position, at: now)
            (watch.position, watch.origin, watch.lastHeard) = (point.position, point.position, now)
            watch.toldAt = max(time, watch.toldAt)
            if point.isAtEnd, watch.watchedAt == nil { watch.watchedAt = time }
            watch.version &+= 1
            watch.isUnwritten = true
            state.watches[watcher] = watch
            state.unwritten[viewer.id, default: []].insert(video)  // bound: limit
            return true
        }
    }

    private static func isFresh(_ admission: WatchAdmission, at now: MonotonicTime) -> Bool {
        let seconds = admission.duration == nil ? briefAdmissionSeconds : admissionSeconds
        return now - admission.at < .seconds(seconds)
    }

    // MARK: Reading

    /// What was told here and is not written yet.
    func unwrittenPosition(of watcher: Watcher) -> Double? {
        state.withLock { $0.watches[watcher].flatMap { $0.isUnwritten ? $0.position : nil } }
    }

    var hasAny: Bool { state.withLock { !$0.unwritten.isEmpty } }

    func hasUnwritten(_ person: UserID) -> Bool { state.withLock { $0.unwritten[person] != nil } }

    var unwrittenCount: Int { state.withLock { $0.unwritten.values.reduce(0) { $0 + $1.count } } }
    var count: Int { state.withLock { $0.watches.count } }

    // MARK: Writing

    /// What is to be written, in the order in which all servers write. It stays unwritten until it is said to be kept.
    func unwritten(most: Int, at time: Date) -> [UnwrittenWatch] {
        state.withLock { state in
            var found: [UnwrittenWatch] = []
            for (person, videos) in state.unwritten {
                for video in videos where found.count < most {
                    let watcher = Watcher(person: person, video: video)
                    guard let watch = state.watches[watcher] else { continue }
                    found.append(  // bound: most
                        UnwrittenWatch(
                            watcher: watcher, position: watch.position, toldAt: watch.toldAt,
                            watchedAt: watch.watchedAt, seconds: watch.seconds,
                            isViewCounted: watch.viewCountedUntil.map { time < $0 } ?? false, version: watch.version))
                }
                if found.count >= most { break }
            }
            return found.sorted { $0.watcher < $1.watcher }
        }
    }

    /// They are written; what was told meanwhile is not.
    ///
    /// - Parameter counted: until when the view of a watcher is counted, where it is.
    func kept(_ written: [UnwrittenWatch], counted: [Watcher: Date]) {
        state.withLock { state in
            for one in written {
                guard let watch = state.watches[one.watcher] else { continue }
                state.watches[one.watcher]?.seconds = max(0, watch.seconds - one.seconds)
                if let until = counted[one.watcher] { state.watches[one.watcher]?.viewCountedUntil = until }
                if watch.watchedAt == one.watchedAt { state.watches[one.watcher]?.watchedAt = nil }
                if watch.version == one.version { state.settle(one.watcher) }
            }
        }
    }

    /// Nobody knows whether they are written. Positions are written again, which changes nothing; seconds would be counted twice.
    func perhapsKept(_ written: [UnwrittenWatch]) {
        state.withLock { state in
            for one in written {
                guard let watch = state.watches[one.watcher] else { continue }
                state.watches[one.watcher]?.seconds = max(0, watch.seconds - one.seconds)
            }
        }
    }

    /// Forgets who has left.
    func forgetIdle(at now: MonotonicTime) {
        state.withLock { $0.forget(heardBefore: now.advanced(byNanoseconds: -Self.idleSeconds * 1_000_000_000)) }
    }

    /// Drops what is not written of a person at one video, or at all of them.
    func drop(_ person: UserID, _ video: VideoID?) {
        state.withLock { state in
            for each in state.unwritten[person] ?? [] where video == nil || each == video {
                let watcher = Watcher(person: person, video: each)
                state.watches[watcher]?.seconds = 0
                state.watches[watcher]?.watchedAt = nil
                state.settle(watcher)
            }
        }
    }
}

extension WatchReports.Watch {
    /// Takes in what was watched, and not more than can have been.
    ///
    /// - Parameter claimed: nil where the player does not count: then as far as it has come since it was last heard.
    fileprivate mutating func credit(_ claimed: Double?, until position: Double, at now: MonotonicTime) {
        let room = min(Self.seconds(now - creditedUntil), WatchReports.mostSecondsAtOnce)
        let wish = claimed ?? min(position - (origin ?? position), Self.seconds(now - lastHeard))
        let granted = max(0, min(wish, room))
        seconds += granted
        // Not from `creditedUntil`: what nobody claimed for long is over.
        creditedUntil = now.advanced(byNanoseconds: -Int64((room - granted) * 1_000_000_000))
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeNanoseconds) / 1_000_000_000 }
}
