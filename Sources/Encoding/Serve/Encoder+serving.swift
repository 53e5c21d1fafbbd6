import Reactor
import Storage

extension Encoder {
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
        guard let file = openSegment(id, rendition: rendition, number: number),
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
            return try open(name, key).map { .file($0) } ?? .missing
        }
        guard let known = entry.presentation[rendition], known.segmentDurations.indices.contains(number)
        else { return .missing }
        if let file = try open(name, key) { return .file(file) }
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
        return try open(OpenSegments.Name(video: id, rendition: rendition, number: number), key)
    }

    private func sharedRendition(_ id: EncodingID, _ name: String) async throws -> Presentation.Rendition? {
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
            return try open(name, key).map { .file($0) } ?? .missing
        }
        guard entry.presentation[rendition] != nil else { return .missing }
        if let file = try open(name, key) { return .file(file) }
        if entry.failed.contains(rendition) { return .failed }
        var demand = demand(id, rendition, segment: 0, entry.plan)
        if demand.kind == .chunk { demand.kind = .heads }
        return try await wait(for: name, key, demand, viewer)
    }

    private func open(_ name: OpenSegments.Name, _ key: BlobKey) throws -> OpenFile? {
        try openSegments.find(name) { try storage.openBlocking(key) }
    }

    /// The 16 bytes of a rendition's key; nil where there is none.
    public func key(_ id: EncodingID, rendition: String) async throws -> [UInt8]? {
        try await presentations.entry(id)?.keys[rendition]
    }

    /// Nil while it is not made.
    public func picture(_ id: EncodingID, _ kind: PictureKind) async throws -> OpenFile? {
        try storage.openBlocking(VideoFiles.picture(id, kind))
    }

    /// Nil where there are none of that name.
    public func captions(_ id: EncodingID, _ name: String) async throws -> OpenFile? {
        guard try await presentation(id)?.captions.contains(where: { $0.name == name }) == true,
            let key = VideoFiles.captions(id, name)
        else { return nil }
        return try storage.openBlocking(key)
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
        let end = MonotonicTime.now + settings.segmentPatience
        let ticket = demands.add(demand, by: viewer)
        defer {
            let hasMadeRoom = !demands.isWaiting(ticket)
            demands.remove(ticket)
            if Task.isCancelled || hasMadeRoom { leave(demand, on: loop) }
        }
        bell.ring()
        while true {
            let rings = bell.rings
            if let file = try open(name, key) { return .file(file) }
            guard let entry = try await presentations.entry(demand.video) else { return .missing }
            if entry.failed.contains(demand.rendition) { return .failed }
            let patience = end - MonotonicTime.now
            guard patience > .zero, demands.isWaiting(ticket) else { return .unavailable(retryAfter: .seconds(3)) }
            try Task.checkCancellation()
            await bell.wait(after: rings, patience: patience, on: loop)
        }
    }

    /// Whoever left may come back at once: a player that tries again must find its segment further on, not begun anew.
    private static let comeback = Duration.milliseconds(500)

    /// A viewer has gone, or asked for so much else since that this made room: nothing is made any more for them alone.
    private func leave(_ demand: Demands.Demand, on loop: EventLoop) {
        Task(executorPreference: loop) { [demands] in
            try? await loop.sleep(for: Self.comeback)
            demands.endAbandoned(demand.segment, of: demand.video)
        }
    }
}
