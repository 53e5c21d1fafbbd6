import Media
import SQL
import Storage

extension Workshop {
    /// As much as is made between two transactions; also what is in memory at most, but for one large segment.
    private static let batchBytes = 12 << 20

    /// Makes all segments that need no encoding. What is there already, from before a restart, is not made again;
    /// what a viewer waits for is made next.
    func copy(_ job: Job, _ plan: EncodingPlan) async throws {
        var path = original(job)
        if plan.copying == .viaMovie { path = try await copyToMovie(job, plan) }
        let (facts, id) = (job.facts, job.task.video)
        let source = try await pool.run { [path] in try CopySource(path: path, plan: plan, facts: facts) }
        let ciphers = try await ciphers(job)
        let names =
            (source.copiesVideo ? [plan.steps[0].name] : []) + (source.copiesAudio ? [AudioPlan.renditionName] : [])
        try await publish(
            names.map { SegmentBatch(rendition: $0, initSegment: source.initSegments[$0] ?? [], segments: []) }, of: id)

        var missing = try await recount(names, of: job, plan, codecs: source.videoCodecs)
        var isFirst = true
        while !missing.isEmpty {
            try Task.checkCancellation()
            let wanted = demands.copied(of: id) { missing.contains($0) }
            let start = wanted ?? missing.first ?? 0
            let limit = isFirst || wanted != nil ? 2 : 64
            let storage = storage
            let numbers = Array(missing.filter { $0 >= start }.prefix(limit))
            let made = try await pool.run {
                try Self.makeBatch(numbers, names, source, ciphers, id: id, storage: storage)
            }
            missing.subtract(made.map(\.number))
            try await finish(job, made, isDone: missing.isEmpty)
            isFirst = false
        }
    }

    /// Makes and names segments until enough bytes are together. Blocks.
    private static func makeBatch(
        _ numbers: [Int], _ names: [String], _ source: CopySource, _ ciphers: [String: SegmentCipher], id: EncodingID,
        storage: LocalStorage
    ) throws -> [MadeSegment] {
        var blobs: [Blob] = []
        var made: [MadeSegment] = []
        var bytes = 0
        for number in numbers where bytes < batchBytes {
            for name in names {
                let cipher = ciphers[name] ?? SegmentCipher(key: nil)
                let segment =
                    name == AudioPlan.renditionName
                    ? try source.audioSegment(number, cipher: cipher) : try source.videoSegment(number, cipher: cipher)
                guard let key = VideoFiles.segment(id, name, number) else { continue }
                blobs.append(Blob(key, segment.bytes))
                made.append(segment.made)
                bytes += segment.bytes.count
            }
        }
        try storage.writeBlocking(blobs)
        return made
    }

    /// Finds what is in the storage, counts it, and answers the numbers that are not there in all renditions.
    private func recount(
        _ names: [String], of job: Job, _ plan: EncodingPlan, codecs: String?
    ) async throws -> MissingNumbers {
        let id = job.task.video
        var missing = MissingNumbers(Array(repeating: false, count: plan.segments.segments.count))
        var found: [String: [MadeSegment]] = [:]
        for name in names {
            guard let folder = VideoFiles.rendition(id, name) else { continue }
            let sizes = Dictionary(
                uniqueKeysWithValues: try await storage.list(folder).map { ($0.key.lastComponent, $0.byteCount) })
            for (number, segment) in plan.segments.segments.enumerated() {
                if let size = sizes["\(number).m4s"] {
                    let duration =
                        name == AudioPlan.renditionName
                        ? MediaTime(
                            ticks: plan.audio?.segmentDurations[number] ?? 0,
                            timescale: UInt32(plan.audio?.sampleRate ?? 1)) : segment.duration
                    found[name, default: []].append(
                        MadeSegment(rendition: name, number: number, byteCount: size, duration: duration))
                } else {
                    missing.insert(number)
                }
            }
        }
        // A number that is missing in one rendition is made in all, so it counts in none.
        let known = found.mapValues { [missing] segments in segments.filter { !missing.contains($0.number) } }
        let (queue, task, isDone) = (queue, job.task, missing.isEmpty)
        let ledger = ledger
        try await database.write { transaction in
            guard try queue.holds(task, in: transaction) else { throw CancellationError() }
            for name in names { try EncodingStore.recount(known[name] ?? [], name, of: id, in: transaction) }
            if let codecs { try EncodingStore.setCodecs(codecs, plan.steps[0].name, of: id, in: transaction) }
            if isDone { try ledger.record([], of: task, isDone: true, in: transaction) }
        }
        return missing
    }

    /// A standard source in another container: its samples move into a temporary MP4, unchanged.
    private func copyToMovie(_ job: Job, _ plan: EncodingPlan) async throws -> String {
        let folder = try await workFolder(job)
        let path = original(job)
        try await storage.requireSpace(job.facts.byteCount)
        var effort = job.effort
        effort.fileBytes = UInt64(job.facts.byteCount) * 2 + (64 << 20)
        effort.niceness = 0
        let arguments =
            ["-nostdin", "-y", "-v", "warning"] + MediaTool.input(path) + ["-map", "0:\(job.facts.video.index)"]
            + ["-c", "copy", "-video_track_timescale", "\(plan.segments.timescale)", "-map_metadata", "-1"]
            + ["-map_chapters", "-1", "-f", "mp4", "file:\(folder)/copy.mp4"]
        _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        return "\(folder)/copy.mp4"
    }
}

/// Which segments are still to be made: a row of marks, because two hours have two thousand.
struct MissingNumbers: Sendable {
    private var marks: [Bool]
    private var count: Int

    init(_ marks: [Bool]) {
        self.marks = marks
        count = marks.count { $0 }
    }

    var isEmpty: Bool { count == 0 }
    var first: Int? { marks.firstIndex(of: true) }

    func contains(_ number: Int) -> Bool { marks.indices.contains(number) && marks[number] }

    func filter(_ isIncluded: (Int) -> Bool) -> [Int] { marks.indices.filter { marks[$0] && isIncluded($0) } }

    mutating func insert(_ number: Int) {
        guard marks.indices.contains(number), !marks[number] else { return }
        marks[number] = true
        count += 1
    }

    mutating func subtract(_ numbers: [Int]) {
        for number in numbers where contains(number) {
            marks[number] = false
            count -= 1
        }
    }
}
