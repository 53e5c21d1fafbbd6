import Media
import Storage

extension Workshop {
    /// How much is fetched at least where something of the tables is missing.
    private static let tablesStep = 64 << 10
    private static let mostSteps = 64

    /// A file with those parts of a source that lies elsewhere from which these segments are made. Nil where the whole file must
    /// be there: it is no movie with tables, or was not enough at the first attempt.
    func sourceInParts(_ job: Job, _ plan: EncodingPlan, _ segments: Range<Int>) async throws -> String? {
        guard job.record.mezzanine == nil, job.facts.isISOMedia, job.task.attempts <= 1,
            let first = plan.segments.segments[segments].first, let last = plan.segments.segments[segments].last,
            let copy = try await storage.workspace.fetchInParts(
                VideoFiles.original(job.task.video), for: VideoFiles.work(job.task))
        else { return nil }
        for _ in 0..<Self.mostSteps {
            let work = FindSourceRanges(
                path: copy.path, filled: Array(copy.filled().ranges), videoIndex: try job.video.index,
                start: first.start.seconds, end: last.end.seconds)
            switch try await reader.run(work, reads: [copy.path], effort: job.effort) {
            case .found(let ranges):
                try await copy.fill(RangeSet(ranges))
                return copy.path
            case .missing(let range):
                // bound: a range of the file
                let end = max(range.upperBound, range.lowerBound + Self.tablesStep)
                try await copy.fill(RangeSet(range.lowerBound..<end))
            case .unknown: return nil
            }
        }
        return nil
    }
}
