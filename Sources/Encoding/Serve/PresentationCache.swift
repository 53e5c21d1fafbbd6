import Media
import Reactor
import SQL
import Synchronization

/// What requests need to know about the videos that are being watched, in memory: a segment request touches no
/// database. Bounded: the video that was asked for longest ago makes room.
///
/// Changes are told (`forget`, `outdate`). What is older than `maximumAge` is read again all the same, by one request while the others
/// go on with what is there; where the database is away, all do.
final class PresentationCache: Sendable {
    /// Immutable, and handed round by reference: it is large, and most ask for little of it.
    final class Entry: Sendable {
        let presentation: Presentation
        let plan: EncodingPlan
        let keys: [String: [UInt8]]
        let failed: Set<String>
        /// No other has it in the life of the process.
        let version = Entry.versions.wrappingAdd(1, ordering: .relaxed).newValue

        private static let versions = Atomic<UInt64>(0)

        init(presentation: Presentation, plan: EncodingPlan, keys: [String: [UInt8]], failed: Set<String>) {
            self.presentation = presentation
            self.plan = plan
            self.keys = keys
            self.failed = failed
        }
    }

    /// Changed under the lock only.
    private final class Place {
        var entry: Entry
        var used: Int
        var isFresh: Bool
        /// When it is read again, whether somebody tells that it has changed or not.
        var dueAt: MonotonicTime

        init(_ entry: Entry, used: Int, isFresh: Bool, dueAt: MonotonicTime) {
            self.entry = entry
            self.used = used
            self.isFresh = isFresh
            self.dueAt = dueAt
        }
    }

    private struct State {
        var places: [EncodingID: Place] = [:]
        var clock = 0
        /// Changes with each change of a video, so that a load that began before one is not kept as fresh.
        var generation = 0
    }

    static let maximumAge = Duration.seconds(300)
    /// So long others go on with what is too old while one reads.
    private static let readingTime = Duration.seconds(10)
    private static let capacity = 128
    private let database: Database
    private let now: @Sendable () -> MonotonicTime
    private let state = Mutex(State())

    /// - Parameter now: tests bring their own.
    init(database: Database, now: @escaping @Sendable () -> MonotonicTime = { .now }) {
        self.database = database
        self.now = now
    }

    /// Gone, or different in a way that segment requests must know.
    func forget(_ id: EncodingID) {
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

    /// Something was measured: the next playlist says so. Segment requests go on with what they know.
    func outdate(_ id: EncodingID) {
        state.withLock { state in
            state.generation += 1
            state.places[id]?.isFresh = false
        }
    }

    /// What is in memory, without a look at the database.
    func known(_ id: EncodingID, isFresh mustBeFresh: Bool = false) -> Entry? {
        let moment = now()
        return state.withLock { state in
            guard let place = state.places[id], place.isFresh || !mustBeFresh, moment < place.dueAt else { return nil }
            state.clock += 1
            place.used = state.clock
            return place.entry
        }
    }

    /// Nil for a video that is not planned.
    func entry(_ id: EncodingID, isFresh mustBeFresh: Bool = false) async throws -> Entry? {
        let moment = now()
        let (known, isFresh, isDue, generation) = state.withLock { state in
            let place = state.places[id]
            state.clock += 1
            place?.used = state.clock
            let isDue = place.map { $0.dueAt <= moment } ?? false
            if isDue { place?.dueAt = moment + Self.readingTime }
            return (place?.entry, place?.isFresh ?? false, isDue, state.generation)
        }
        if let known, isFresh || !mustBeFresh, !isDue { return known }
        let loaded: Entry?
        do {
            // A change that nobody told may have been one of the plan.
            loaded = try await load(id, plan: isDue ? nil : known?.plan)
        } catch {
            guard let known, isDue, isFresh || !mustBeFresh else { throw error }
            return known
        }
        guard let loaded else {
            if isDue { forget(id) }
            return nil
        }
        state.withLock { state in
            if state.places[id] == nil, state.places.count >= Self.capacity,
                let oldest = state.places.min(by: { $0.value.used < $1.value.used })
            {
                state.places[oldest.key] = nil
            }
            // A removed video must not come back because a request was under way.
            guard state.generation == generation || state.places[id] != nil else { return }
            state.places[id] = Place(
                loaded, used: state.clock, isFresh: state.generation == generation, dueAt: moment + Self.maximumAge)
        }
        return loaded
    }

    /// The plan changes only with a call of `forget`, and it is the long part.
    private func load(_ id: EncodingID, plan known: EncodingPlan?) async throws -> Entry? {
        try await database.read { access in
            let record = try known == nil ? EncodingStore.record(id, in: access) : EncodingStore.outline(id, in: access)
            guard let record, let plan = known ?? record.plan else { return nil }
            return Entry(record, plan, try EncodingStore.renditions(id, in: access))
        }
    }
}

extension PresentationCache.Entry {
    convenience init(_ record: EncodingRecord, _ plan: EncodingPlan, _ renditions: [RenditionRecord]) {
        let durations = plan.segments.segments.map(\.duration)
        let keys = Dictionary(
            uniqueKeysWithValues: renditions.compactMap { rendition in rendition.key.map { (rendition.name, $0) } })
        // Where all has failed, what is there can still be looked at by an administrator.
        let hidden = Set(renditions.filter(\.isFailed).map(\.name))
        let failed = record.state == .failed ? Set(renditions.map(\.name)) : hidden
        func rendition(
            _ record: RenditionRecord, _ kind: Presentation.Track.Kind, _ durations: [MediaTime]
        ) -> Presentation.Track {
            Presentation.Track(
                name: record.name, kind: kind, codecs: record.codecs, bandwidth: record.bandwidth,
                segmentDurations: durations, isEncrypted: record.key != nil, isComplete: record.isComplete,
                keyframeByteCounts: record.isVideo && record.isComplete && !plan.isGrowing
                    ? record.keyframes.sizes(count: durations.count) : nil,
                mended: Set(durations.indices.filter(record.mended.contains)), mendedName: Workshop.mended(record.name))
        }
        let video = renditions.filter { $0.isVideo && !hidden.contains($0.name) }.map { record in
            rendition(
                record, .video(size: record.size, frameRate: plan.step(named: record.name)?.frameRate ?? 0), durations)
        }
        let sounds = renditions.filter { !$0.isVideo && !hidden.contains($0.name) }.compactMap { record in
            plan.audio.first { $0.name == record.name }.map { audio in
                rendition(
                    record, .audio(label: audio.label, channelCount: audio.channelCount),
                    audio.segmentDurations.indices.map(audio.segmentDuration))
            }
        }
        let captions = plan.captions.filter { record.captions.contains($0.name) }.map(\.presented)
        let presentation = Presentation(
            video: video, audio: sounds, captions: captions, isGrowing: plan.isGrowing)
        self.init(presentation: presentation, plan: plan, keys: keys, failed: failed)
    }
}
