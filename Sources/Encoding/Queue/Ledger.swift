import Media
import SQL

/// Writes down what became of tasks, and tells the catalogue in the same transaction.
struct Ledger: Sendable {
    let queue: TaskQueue
    let signals: EncodingSignals
    let onChange: EncodingQueue.ChangeHandler
    let onCaptions: EncodingQueue.CaptionsHandler

    /// A task's outputs have their names: counts them, and takes the task out of the queue if it is done.
    func record(_ made: [MadeSegment], of task: EncodingTask, isDone: Bool, in transaction: Transaction) throws {
        guard try queue.holds(task, in: transaction) else { throw CancellationError() }
        try EncodingStore.count(made, of: task.video, in: transaction)
        if isDone {
            try queue.finish(task, in: transaction)
            try cleanUp(task.video, in: transaction)
        }
        try settle(task.video, isMeasurement: true, in: transaction)
    }

    /// When all is made, and nothing has failed, the mezzanine has done its service.
    private func cleanUp(_ id: EncodingID, in transaction: Transaction) throws {
        guard try EncodingStore.outline(id, in: transaction)?.mezzanine != nil,
            try !TaskQueue.hasTasks(of: id, in: transaction)
        else { return }
        try TaskQueue.add(.cleanup, of: id, priority: EncodingTask.Priority.cleanup, in: transaction)
    }

    /// The same for what was made beside the queue.
    func record(_ made: [MadeSegment], of id: EncodingID, in transaction: Transaction) throws {
        try EncodingStore.count(made, of: id, in: transaction)
        try settle(id, isMeasurement: true, in: transaction)
    }

    /// Something is missing in what was made.
    func warnOfDamage(at time: MediaTime, of id: EncodingID, in transaction: Transaction) throws {
        try EncodingStore.addDamage(at: time, to: id, in: transaction)
        try settle(id, in: transaction)
    }

    /// Draws the conclusions from what is counted: playable, complete.
    func settle(_ id: EncodingID, isMeasurement: Bool = false, in transaction: Transaction) throws {
        guard let record = try EncodingStore.outline(id, in: transaction) else { return }
        let renditions = try EncodingStore.renditions(id, in: transaction)
        let isUnverified = try TaskQueue.isUnverified(id, in: transaction)
        var change = Self.change(record, renditions)
        if isUnverified { change.progress = min(change.progress, Self.almost) }
        if record.state == .planned {
            let sound = renditions.first { !$0.isVideo }
            let pictures = renditions.filter(\.isVideo)
            if !record.isReady, !renditions.isEmpty, pictures.isEmpty || pictures.contains(where: \.hasStart),
                sound?.hasStart ?? true
            {
                try EncodingStore.setReady(id, at: transaction.currentTime(), in: transaction)
                change.status = .ready
            }
            if !isUnverified, renditions.allSatisfy({ $0.isComplete || $0.isFailed }) {
                try EncodingStore.setState(
                    .complete, of: id, code: record.errorCode, detail: record.errorDetail, in: transaction)
            }
        }
        try onChange(transaction, id, change)
        try signals.tell(isMeasurement && change.status != .failed ? .measured : .changed, of: id, in: transaction)
    }

    /// A task cannot be done. Where the original was not read as a whole yet, that is tried; else what can still be watched
    /// stays; otherwise the whole video has failed.
    ///
    /// - Returns: whether it is read as a whole now.
    @discardableResult
    func fail(_ task: EncodingTask, code: String, words: String, in transaction: Transaction) throws -> Bool {
        guard try queue.holds(task, in: transaction) else { throw CancellationError() }
        let isFinal = code != ContentRefusal.corruptFile.rawValue && code != Self.encodingFailed
        let isRead = try !isFinal && !task.kind.isExtra && startMezzanine(task.video, in: transaction)
        if !isRead {
            try giveUp(task, code: code, words: words, in: transaction)
        }
        return isRead
    }

    /// Everything is made, and some of it may still be replaced.
    private static let almost = 0.99

    static let encodingFailed = "encoding_failed"

    /// What viewers watch stays as it is meanwhile.
    ///
    /// - Returns: false where that was done before.
    private func startMezzanine(_ id: EncodingID, in transaction: Transaction) throws -> Bool {
        guard let record = try EncodingStore.outline(id, in: transaction), !record.needsMezzanine else { return false }
        try EncodingStore.setNeedsMezzanine(id, in: transaction)
        try EncodingStore.removeTasks(of: id, in: transaction)
        try TaskQueue.add(.mezzanine, of: id, priority: EncodingTask.Priority.first, in: transaction)
        try settle(id, in: transaction)
        try signals.tell(.stopped, of: id, in: transaction)
        return true
    }

    /// The same for a task that nobody holds.
    func giveUp(_ task: EncodingTask, code: String, words: String, in transaction: Transaction) throws {
        switch task.kind {
        case .thumbnail, .storyboard, .captions, .cleanup:
            // A video without them is still a video.
            try queue.poison(task, words: words, in: transaction)
            return
        case .chunk, .heads, .opening:
            let renditions = try EncodingStore.renditions(task.video, in: transaction)
            guard renditions.contains(where: { $0.isVideo && $0.isCopied }) else { break }
            try queue.poison(task, words: words, in: transaction)
            try EncodingStore.poison([.chunk, .heads, .opening], of: task.video, in: transaction)
            let encoded = renditions.filter { $0.isVideo && !$0.isCopied && !$0.isComplete }.map(\.name)
            try EncodingStore.setFailed(encoded, of: task.video, true, in: transaction)
            try EncodingStore.setState(
                .planned, of: task.video, code: "renditions_failed", detail: words, in: transaction)
            return try settle(task.video, in: transaction)
        case .mezzanine:
            // What was shown of it is what there is.
            try EncodingStore.endGrowth(of: task.video, in: transaction)
        case .plan, .copy, .audio, .check, .mend: break
        }
        try queue.poison(task, words: words, in: transaction)
        try EncodingStore.poison(EncodingTask.Kind.allCases, of: task.video, in: transaction)
        if try EncodingStore.outline(task.video, in: transaction)?.isReady == true {
            // What can be watched stays: what is missing is still made when somebody asks for it.
            try EncodingStore.setState(
                .planned, of: task.video, code: "renditions_failed", detail: words, in: transaction)
            return try settle(task.video, in: transaction)
        }
        try EncodingStore.setState(
            .failed, of: task.video, code: code, detail: words, in: transaction)
        try settle(task.video, in: transaction)
    }

    static func change(_ record: EncodingRecord, _ renditions: [RenditionRecord]) -> EncodingProgress {
        let counted = renditions.filter { !$0.isFailed }
        let total = counted.reduce(0) { $0 + $1.segmentCount }
        let made = counted.reduce(0) { $0 + min($1.madeCount, $1.segmentCount) }
        let size = record.source.video?.displaySize
        // While the source is still read, half the way lies ahead of what is shown.
        let shown = counted.first.map { Double($0.madeMicroseconds) / 1_000_000 } ?? 0
        let isRead = !record.needsMezzanine || record.mezzanine != nil
        let share =
            isRead
            ? (total > 0 ? Double(made) / Double(total) : 0) : 0.5 * min(1, shown / max(1, record.facts.duration))
        return EncodingProgress(
            status: record.state == .failed ? .failed : record.isReady ? .ready : .processing,
            progress: share, duration: record.duration ?? record.facts.duration,
            width: size?.width, height: size?.height, kind: record.facts.video == nil ? .audio : .video,
            hasThumbnail: record.hasThumbnail,
            renditions: renditions.filter(\.isVideo).map { rendition in
                EncodingProgress.Rendition(
                    name: rendition.name, width: rendition.size.width, height: rendition.size.height,
                    bandwidth: rendition.bandwidth.peak,
                    state: rendition.isFailed
                        ? .failed : rendition.isComplete ? .ready : rendition.madeCount > 0 ? .encoding : .waiting)
            },
            failure: record.state == .failed
                ? record.errorCode.map { EncodingProgress.Failure(code: $0, detail: record.errorDetail ?? "") } : nil,
            warnings: record.warnings)
    }
}
