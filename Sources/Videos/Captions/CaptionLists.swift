import Media
import Reactor
import SQL
import Synchronization

/// Which captions people uploaded for the videos that are being watched, in memory: playlists touch no database. Bounded: the video that
/// was asked for longest ago makes room.
///
/// Changes are told (`forget`). What is older than `maximumAge` is read again all the same, by one request while the others go on with what
/// is there.
final class CaptionLists: Sendable {
    struct Entry: Sendable {
        var captions: [Presentation.Captions]
        /// No other list has it in the life of the process.
        var version: UInt64
    }

    /// Changed under the lock only.
    private struct Place {
        var entry: Entry
        var used: Int
        var dueAt: MonotonicTime
    }

    private struct State {
        var places: [VideoID: Place] = [:]
        var clock = 0
        var version: UInt64 = 0
        /// Changes with each change of a list, so that one that was read before it is not kept.
        var generation = 0
    }

    static let maximumAge = Duration.seconds(300)
    /// So long others go on with what is too old while one reads.
    private static let readingTime = Duration.seconds(10)
    private static let capacity = 1024

    private let database: Database
    private let now: @Sendable () -> MonotonicTime
    private let store = CaptionStore()
    private let state = Mutex(State())

    init(database: Database, now: @escaping @Sendable () -> MonotonicTime) {
        self.database = database
        self.now = now
    }

    func forget(_ id: VideoID) {
        state.withLock { state in
            state.generation += 1
            state.places[id] = nil
        }
    }

    func forgetAll() {
        state.withLock { state in
            state.generation += 1
            state.places = [:]
        }
    }

    /// What is in memory, without a look at the database.
    func known(_ id: VideoID) -> Entry? {
        let moment = now()
        return state.withLock { state in
            guard let place = state.places[id], moment < place.dueAt else { return nil }
            state.clock += 1
            state.places[id]?.used = state.clock
            return place.entry
        }
    }

    func callAsFunction(_ id: VideoID) async throws -> Entry {
        if let known = known(id) { return known }
        let moment = now()
        let (old, generation) = state.withLock { state in
            state.places[id]?.dueAt = moment + Self.readingTime
            return (state.places[id]?.entry, state.generation)
        }
        let captions: [Presentation.Captions]
        do {
            captions = try await database.read { [store] in try store.list(of: id, in: $0) }.map(\.presented)
        } catch {
            // Where the database is away, what was true lately goes on being told.
            guard let old else { throw error }
            return old
        }
        return state.withLock { state in
            state.version += 1
            state.clock += 1
            // What is the same keeps its number, so that what was made of it is kept too.
            let isSame = old.map { $0.captions == captions } ?? false
            let entry = Entry(captions: captions, version: isSame ? old?.version ?? state.version : state.version)
            guard state.generation == generation else { return entry }
            if state.places[id] == nil, state.places.count >= Self.capacity,
                let oldest = state.places.min(by: { $0.value.used < $1.value.used })
            {
                state.places[oldest.key] = nil
            }
            state.places[id] = Place(entry: entry, used: state.clock, dueAt: moment + Self.maximumAge)
            return entry
        }
    }
}

extension Caption {
    fileprivate var presented: Presentation.Captions {
        Presentation.Captions(
            name: rendition, label: TrackLabel(title: label, language: language.text), isForDeaf: kind == .captions)
    }
}

extension Presentation {
    /// With the captions that people uploaded: they stand in for those of the file in the same language. What the file shows to all viewers
    /// stays, as nobody chooses it.
    func with(uploaded: [Captions]) -> Presentation {
        guard !uploaded.isEmpty else { return self }
        let languages = Set(uploaded.map(\.label.language))
        var presentation = self
        presentation.captions =
            uploaded
            + captions.filter { $0.isForced || $0.label.language == nil || !languages.contains($0.label.language) }
        return presentation
    }
}
