import Accounts
import FoundationEssentials
import Reactor
import Security
import Synchronization

/// Something that ends grants before their time.
struct GrantRevocation: Sendable, Equatable {
    enum Subject: Sendable, Hashable {
        /// A video was removed, or fewer people may see it.
        case video(VideoID)
        /// A person has another role, another password, or may not be here any more.
        case person(UserID)
        /// A sign-in ended.
        case session(SessionID)
        /// A link was revoked.
        case share(ShareID)
    }

    var subject: Subject
    /// Tells this change from all others; never 0, which stands for "nothing changed".
    var mark = UInt32.random(in: 1 ... .max)
}

/// What changed within the lifetime of a grant, in memory, so that checking a grant asks no database.
///
/// - Rule: a grant carries the marks that its video and its person had when it was made. What has no entry here did not
///   change since any grant that is still good was made.
/// - Why: a random mark and not a counter, because an entry that was dropped would let a counter begin anew and meet a
///   number that an old grant carries.
/// - Advice: read the marks before the policy is asked, so that a change between the two ends the grant as well.
public final class GrantRevocations: Sendable {
    private struct Entry {
        var mark: UInt32
        var notedAt: MonotonicTime
    }

    private struct State {
        var videos: [VideoID: Entry] = [:]
        /// By `Identifier.short`, as grants name them; links stand among the sign-ins.
        var people: [UInt64: Entry] = [:]
        var sessions: [UInt64: Entry] = [:]
        /// Grows with each change that this process made.
        var generation = 0
        /// What other processes had changed by then is known.
        var readUntil = Date.distantPast

        var count: Int { videos.count + people.count + sessions.count }

        func isHolderGood(of grant: Grant) -> Bool {
            sessions[grant.session] == nil && (people[grant.holder].map { $0.mark == grant.holderMark } ?? true)
        }

        mutating func note(_ revocation: GrantRevocation, at now: MonotonicTime) {
            let entry = Entry(mark: revocation.mark, notedAt: now)
            switch revocation.subject {
            case .video(let id): videos[id] = entry
            case .person(let id): people[id.short] = entry
            case .session(let id): sessions[id.short] = entry
            // In the grants of a link it stands where a sign-in stands in others.
            case .share(let id): sessions[id.short] = entry
            }
        }
    }

    /// The longest that a grant is good.
    let lifetime: Duration
    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many entries there may be before a sign-in that ends is noted for the whole person.
    public init(lifetime: Duration, capacity: Int = 100_000) {
        self.lifetime = lifetime
        self.capacity = capacity
    }

    /// Whether neither the grant's video nor its person nor its sign-in changed since it was made.
    func isGood(_ grant: Grant) -> Bool {
        state.withLock { state in
            let video = state.videos[VideoID(high: grant.subjectHigh, low: grant.subjectLow)]
            return state.isHolderGood(of: grant) && (video.map { $0.mark == grant.subjectMark } ?? true)
        }
    }

    /// The same for a grant whose mark of the subject is none of these.
    func isHolderGood(of grant: Grant) -> Bool { state.withLock { $0.isHolderGood(of: grant) } }

    /// What a grant that is made now must carry.
    func marks(of video: VideoID, for person: UserID) -> (video: UInt32, person: UInt32) {
        state.withLock { (($0.videos[video]?.mark ?? 0), ($0.people[person.short]?.mark ?? 0)) }
    }

    /// Called when a change of this process was committed.
    func note(_ revocation: GrantRevocation, at now: MonotonicTime = .now) {
        state.withLock { state in
            state.generation += 1
            state.note(revocation, at: now)
        }
    }

    var generation: Int { state.withLock { $0.generation } }

    /// Notes rows that were read at `date`, when `generation` was this. Where something changed meanwhile they may be older than
    /// what is known here, so they are left for the next look.
    func note(_ rows: [GrantRevocation], read date: Date, at generation: Int, now: MonotonicTime = .now) {
        state.withLock { state in
            guard state.generation == generation else { return }
            for row in rows { state.note(row, at: now) }
            state.readUntil = date
        }
    }

    /// Until when the changes of other processes are known.
    var readUntil: Date { state.withLock { $0.readUntil } }

    /// Where very many sign-ins ended, all grants of a person end with the next one, and there is one entry for them.
    var hasRoomForSessions: Bool { state.withLock { $0.count < capacity } }

    /// Forgets what is older than any grant that is still good.
    func prune(at now: MonotonicTime = .now) {
        // A grant's end is cut to whole seconds.
        let age = lifetime + .seconds(2)
        let isNeeded: @Sendable (Entry) -> Bool = { now - $0.notedAt <= age }
        state.withLock { state in
            state.videos = state.videos.filter { isNeeded($0.value) }
            state.people = state.people.filter { isNeeded($0.value) }
            state.sessions = state.sessions.filter { isNeeded($0.value) }
        }
    }

    var count: Int { state.withLock { $0.count } }
}
