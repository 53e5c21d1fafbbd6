import Media
import Reactor
import Storage

/// Answers requests for what is made of a video, and has made at once what is not there yet. From any loop at any time.
public final class EncodingPlayback: Sendable {
    private let queue: EncodingQueue
    private let storage: StorageServices
    private let loops: EventLoopGroup
    private let patience: Duration
    private let presentations: PresentationCache
    private let openSegments = OpenSegments()
    /// Nil where only the workers of this process could make anything.
    private let relay: DemandRelay?

    /// - Parameter patience: how long a request waits for a segment that is not made yet.
    public init(_ queue: EncodingQueue, storage: StorageServices, loops: EventLoopGroup, patience: Duration) {
        self.queue = queue
        self.storage = storage
        self.loops = loops
        self.patience = patience
        presentations = PresentationCache(database: queue.database)
        relay = DemandRelay(queue)
        queue.signals.listen { [presentations, openSegments] change, id in
            guard let change, let id else {
                presentations.forgetAll()
                return openSegments.forgetAll()
            }
            switch change {
            case .waiting, .stopped, .demanded: break
            case .measured: presentations.outdate(id)
            case .changed, .removed:
                presentations.forget(id)
                openSegments.forget(id)
            }
        }
    }

    private var bell: Bell { queue.signals.bell }
    private var demands: Demands { queue.demands }

    /// Nil until the video is planned. From memory after the first call.
    public func presentation(_ id: EncodingID) async throws -> Presentation? {
        try await presentations.entry(id, isFresh: true)?.presentation
    }

    /// Names what the playlists of a video say now; another number when any of it changes. Nil where that is not in memory.
    public func presentationVersion(_ id: EncodingID) -> UInt64? { presentations.known(id, isFresh: true)?.version }

    /// A segment that was made and is open; nil says nothing about it. Waits for nothing.
    public func openSegment(_ id: EncodingID, rendition: String, number: Int) -> OpenFile? {
        openSegments.find(OpenSegments.Name(video: id, rendition: rendition, number: number))
    }

    /// The same of a segment that all can have from any cache.
    public func openSharedSegment(_ id: EncodingID, rendition: String, number: Int) -> OpenFile? {
        guard storage.addresses == nil, let file = openSegment(id, rendition: rendition, number: number),
            presentations.known(id)?.presentation.shared(rendition)?.segmentDurations.indices.contains(number) == true
        else { return nil }
        return file
    }

    /// A media segment. One that is not made yet is made at once, and the request waits for it.
    ///
    /// - Parameter viewer: tells those who ask apart: those who wait are served in turn.
    public func segment(
        _ id: EncodingID, rendition: String, number: Int, for viewer: UInt64 = 0
    ) async throws -> SegmentAnswer {
        let name = OpenSegments.Name(video: id, rendition: rendition, number: number)
        if let file = openSegments.find(name) { return .file(file) }
        guard let entry = try await presentations.entry(id), let key = VideoFiles.segment(id, rendition, number)
        else { return .missing }
        if entry.presentation.mended(rendition)?.mended.contains(number) == true {
            return try await open(name, key).map { .file($0) } ?? .missing
        }
        guard let known = entry.presentation[rendition], known.segmentDurations.indices.contains(number)
        else { return .missing }
        if let file = try await open(name, key) { return .file(file) }
        if entry.failed.contains(rendition) { return .failed }
        return try await wait(
            for: name, key, demand(id, rendition, segment: number, entry.plan), viewer)
    }

    /// A segment that is noise without its key and stays as it is: of an encrypted rendition that is wholly made. Nil for
    /// all others, whether there are any or not.
    ///
    /// Nothing is made for whoever asks: nobody has asked them who they are.
    public func sharedSegment(_ id: EncodingID, rendition: String, number: Int) async throws -> OpenFile? {
        guard let durations = try await sharedRendition(id, rendition)?.segmentDurations,
            durations.indices.contains(number), let key = VideoFiles.segment(id, rendition, number)
        else { return nil }
        return try await open(OpenSegments.Name(video: id, rendition: rendition, number: number), key)
    }

    /// Where others than this server hand such a segment out; nil where nobody does, and for all that is none.
    public func sharedSegmentAddress(_ id: EncodingID, rendition: String, number: Int) async throws -> String? {
        guard storage.addresses != nil, let durations = try await sharedRendition(id, rendition)?.segmentDurations,
            durations.indices.contains(number), let key = VideoFiles.segment(id, rendition, number)
        else { return nil }
        return try await storage.address(of: key)
    }

    private func sharedRendition(_ id: EncodingID, _ name: String) async throws -> Presentation.Track? {
        guard let known = try await presentations.entry(id)?.presentation else { return nil }
        if let rendition = known.shared(name) { return rendition }
        // It may have been completed since.
        return try await presentation(id)?.shared(name)
    }

    /// The init segment of a rendition; always in the clear.
    public func initSegment(
        _ id: EncodingID, rendition: String, for viewer: UInt64 = 0
    ) async throws -> SegmentAnswer {
        let name = OpenSegments.Name(video: id, rendition: rendition)
        if let file = openSegments.find(name) { return .file(file) }
        guard let entry = try await presentations.entry(id), let key = VideoFiles.initSegment(id, rendition)
        else { return .missing }
        if entry.presentation.mended(rendition) != nil {
            return try await open(name, key).map { .file($0) } ?? .missing
        }
        guard entry.presentation[rendition] != nil else { return .missing }
        if let file = try await open(name, key) { return .file(file) }
        if entry.failed.contains(rendition) { return .failed }
        var demand = demand(id, rendition, segment: 0, entry.plan)
        if demand.kind == .chunk { demand.kind = .heads }
        return try await wait(for: name, key, demand, viewer)
    }

    private func open(_ name: OpenSegments.Name, _ key: BlobKey) async throws -> OpenFile? {
        try await openSegments.find(name) {
            guard let content = try await storage.blobs.openFinal(key) else { return nil }
            if let number = name.number { expect(after: number, name) }
            return content.file
        }
    }

    /// Whoever plays one segment will want the next ones.
    private func expect(after number: Int, _ name: OpenSegments.Name) {
        storage.blobs.expect(
            (number + 1...number + 2).compactMap { VideoFiles.segment(name.video, name.rendition, $0) })
    }

    /// The 16 bytes of a rendition's key; nil where there is none.
    public func key(_ id: EncodingID, rendition: String) async throws -> [UInt8]? {
        try await presentations.entry(id)?.keys[rendition]
    }

    /// All that is known of what is made, as it is now.
    func whole(_ id: EncodingID) async throws -> (Presentation, [String: [UInt8]], any BlobStore)? {
        try await presentations.entry(id, isFresh: true).map { ($0.presentation, $0.keys, storage.blobs) }
    }

    /// Nil while it is not made.
    public func picture(_ id: EncodingID, _ kind: PictureKind) async throws -> BlobContent? {
        try await storage.blobs.open(VideoFiles.picture(id, kind))
    }

    /// Nil where there are none of that name.
    public func captions(_ id: EncodingID, _ name: String) async throws -> BlobContent? {
        guard try await presentation(id)?.captions.contains(where: { $0.name == name }) == true,
            let key = VideoFiles.captions(id, name)
        else { return nil }
        return try await storage.blobs.open(key)
    }

    /// All captions that were made of a film, each with its WebVTT, where they lie.
    public func captions(_ id: EncodingID) async throws -> [(captions: Presentation.Captions, text: [UInt8])] {
        let names = try await queue.database.read { try EncodingStore.outline(id, in: $0)?.captions ?? [] }
        guard !names.isEmpty, let captions = try await presentation(id)?.captions else { return [] }
        var found: [(captions: Presentation.Captions, text: [UInt8])] = []
        for each in captions {
            guard let key = VideoFiles.captions(id, each.name), try await storage.blobs.exists(key) else { continue }
            // bound: tracks of a film, of as many bytes as were made
            found.append((each, try await storage.blobs.read(key)))
        }
        return found
    }

    private func demand(
        _ id: EncodingID, _ rendition: String, segment: Int, _ plan: EncodingPlan
    ) -> Demands.Demand {
        func demand(_ kind: EncodingTask.Kind, _ chunk: Int) -> Demands.Demand {
            Demands.Demand(video: id, kind: kind, chunk: chunk, rendition: rendition, segment: segment)
        }
        if let audio = plan.audio.first(where: { $0.name == rendition }) {
            guard audio.making != .copy else { return demand(.copy, 0) }
            let chunk = audio.chunk(ofSegment: segment)
            let place = plan.soundChunks.firstIndex { $0.audio.name == rendition && $0.chunk == chunk }
            return demand(.audio, place ?? 0)
        }
        if plan.step(named: rendition)?.isCopy == true { return demand(.copy, 0) }
        return demand(.chunk, plan.chunk(ofSegment: segment))
    }

    /// Looks again whenever something was made, until the patience ends.
    private func wait(
        for name: OpenSegments.Name, _ key: BlobKey, _ demand: Demands.Demand, _ viewer: UInt64
    ) async throws -> SegmentAnswer {
        let loop = EventLoop.current ?? loops.next()
        let end = MonotonicTime.now + patience
        // A row first: whoever finds the wish in memory claims its row.
        let row = try await relay?.publish(demand, by: viewer, patience: patience)
        let ticket = demands.add(demand, by: viewer)
        defer {
            let hasMadeRoom = !demands.isWaiting(ticket)
            if Task.isCancelled || hasMadeRoom {
                demands.leave(ticket, demand, on: loop)
            } else {
                demands.remove(ticket)
            }
            if let row, let relay { Task { try? await relay.withdraw(row, of: demand) } }
        }
        bell.ring()
        var looks = SegmentLooks(isFar: storage.blobs.isShared)
        while true {
            let (rings, changes) = (bell.rings, queue.signals.changeCount(of: demand.video))
            if looks.isDue(changes: changes, at: .now), let file = try await open(name, key) { return .file(file) }
            guard let entry = try await presentations.entry(demand.video) else { return .missing }
            if entry.failed.contains(demand.rendition) { return .failed }
            let left = end - MonotonicTime.now
            guard left > .zero, demands.isWaiting(ticket) else { return .unavailable(retryAfter: .seconds(3)) }
            try Task.checkCancellation()
            await bell.wait(after: rings, patience: looks.patience(left: left), on: loop)
        }
    }
}
