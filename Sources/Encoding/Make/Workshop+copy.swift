import Media
import SQL
import Storage

extension Workshop {
    /// How much one process copies: the disk is looked at, and who waits, before each.
    private static let runBytes = 128 << 20

    /// Makes all segments that need no encoding. What is there already, from before a restart, is not made again;
    /// what a viewer waits for is made next.
    func copy(_ job: Job, _ plan: EncodingPlan) async throws {
        let folder = try await workFolder(job)
        var path = try await source(job)
        if plan.copying == .viaMovie { path = try await copyToMovie(job, plan, folder: folder) }
        var missing = try await recount(plan.copiedRenditions, of: job, plan)
        let keys = try await ciphers(job).compactMapValues(\.key)
        var isFirst = true
        while isFirst || !missing.isEmpty {
            try Task.checkCancellation()
            try await storage.workspace.requireSpace(Self.runBytes)
            let start = demands.copied(of: job.task.video) { missing.contains($0) } ?? missing.first ?? 0
            let work = CopySegments(
                path: path, plan: plan, videoIndex: job.facts.video?.index, keys: keys,
                numbers: missing.filter { $0 >= start }, byteLimit: Self.runBytes, folder: folder)
            missing = try await copy(job, work, path: path, missing: missing)
            isFirst = false
        }
    }

    /// One process; what it made is taken over while it makes more. Answers what is still missing.
    private func copy(
        _ job: Job, _ work: CopySegments, path: String, missing: MissingNumbers
    ) async throws -> MissingNumbers {
        let (answers, told) = AsyncStream.makeStream(of: CopySegments.Answer.self)
        let (reader, effort) = (reader, job.effort)
        async let end: Void = {
            defer { told.finish() }
            try await reader.run(work, reads: [path], writes: work.folder, effort: effort) { told.yield($0) }
        }()
        var missing = missing
        for await answer in answers {
            switch answer {
            case .opened(let codecs):
                try await publish([], initSegments: work.plan.copiedRenditions, in: work.folder, of: job.task.video)
                try await setCodecs(codecs, job, work.plan, isDone: missing.isEmpty)
            case .made(let segments):
                let made = try await publish(segments, in: work.folder, of: job.task.video)
                missing.subtract(made.map(\.number))
                try await finish(job, made, isDone: missing.isEmpty)
            }
        }
        try await end
        return missing
    }

    private func setCodecs(_ codecs: String?, _ job: Job, _ plan: EncodingPlan, isDone: Bool) async throws {
        let (queue, ledger, task) = (queue, ledger, job.task)
        try await database.write { transaction in
            guard try queue.holds(task, in: transaction) else { throw CancellationError() }
            if let codecs, let top = plan.steps.first {
                try EncodingStore.setCodecs(codecs, top.name, of: task.video, in: transaction)
            }
            if isDone { try ledger.record([], of: task, isDone: true, in: transaction) }
        }
    }

    /// Finds what is in the storage, counts it, and answers the numbers that are not there in all renditions.
    private func recount(
        _ names: [String], of job: Job, _ plan: EncodingPlan
    ) async throws -> MissingNumbers {
        let id = job.task.video
        var missing = MissingNumbers(Array(repeating: false, count: plan.segments.segments.count))
        var found: [String: [MadeSegment]] = [:]
        for name in names {
            guard let folder = VideoFiles.rendition(id, name) else { continue }
            let sizes = Dictionary(
                uniqueKeysWithValues: try await storage.blobs.list(folder).map { ($0.key.lastComponent, $0.byteCount) })
            let audio = plan.audio.first { $0.name == name }
            for (number, segment) in plan.segments.segments.enumerated() {
                if let size = sizes["\(number).m4s"] {
                    let duration = audio?.segmentDuration(number) ?? segment.duration
                    found[name, default: []].append(
                        MadeSegment(rendition: name, number: number, byteCount: size, duration: duration))
                } else {
                    missing.insert(number)
                }
            }
        }
        // A number that is missing in one rendition is made in all, so it counts in none.
        let known = found.mapValues { [missing] segments in segments.filter { !missing.contains($0.number) } }
        let (queue, task) = (queue, job.task)
        try await database.write { transaction in
            guard try queue.holds(task, in: transaction) else { throw CancellationError() }
            for name in names { try EncodingStore.recount(known[name] ?? [], name, of: id, in: transaction) }
        }
        return missing
    }

    /// A standard source in another container: its samples move into a temporary MP4, unchanged.
    func copyToMovie(_ job: Job, _ plan: EncodingPlan, folder: String) async throws -> String {
        let path = try await source(job)
        // Twice the source, where there is room for it.
        let wanted = job.facts.byteCount.multipliedSaturated(by: 2).addingSaturated(64 << 20)
        let most = min(wanted, try await storage.workspace.usableSpace())
        guard most >= job.facts.byteCount else { throw StorageError.noSpace }
        var effort = job.effort
        effort.fileBytes = UInt64(most)
        effort.niceness = 0
        let arguments =
            ["-nostdin", "-y", "-v", "warning"] + MediaTool.input(path) + ["-map", "0:\(try job.video.index)"]
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
