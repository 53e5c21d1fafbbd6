import FoundationEssentials
import Reactor
import SQL

/// Takes in where somebody is in a video, and what they watched of it.
struct ReportProgress: Sendable {
    let database: Database
    let reports: WatchReports
    let write: WriteWatches
    let revocations: GrantRevocations
    let now: @Sendable () -> Date
    let clock: @Sendable () -> MonotonicTime
    private let videos = VideoStore()

    init(
        database: Database, reports: WatchReports, write: WriteWatches, revocations: GrantRevocations,
        now: @escaping @Sendable () -> Date, clock: @escaping @Sendable () -> MonotonicTime
    ) {
        self.database = database
        self.reports = reports
        self.write = write
        self.revocations = revocations
        self.now = now
        self.clock = clock
    }

    /// - Throws: `VideoDetails.Invalid`; `VideoError` where the viewer may not see the video.
    func callAsFunction(_ report: WatchReport, of id: VideoID, by viewer: Viewer) async throws {
        try report.check()
        // Before the policy is asked: whoever changed before them is seen here, whoever changes after them ends the admission.
        let marks = marks(of: id, for: viewer)
        if reports.tell(report, by: viewer, of: id, marks: marks, at: now(), clock()) { return }
        let outline = try await database.readOnce { try videos.requireVisible(id, to: viewer, in: $0) }
        try await admit(viewer, to: id, marks: marks, duration: outline.duration, at: nil)
        // Refused only where something changed a moment ago: the next report asks anew.
        _ = reports.tell(report, by: viewer, of: id, marks: marks, at: now(), clock())
    }

    func marks(of id: VideoID, for viewer: Viewer) -> WatchAdmission.Marks {
        let marks = revocations.marks(of: id, for: viewer.id)
        return WatchAdmission.Marks(video: marks.video, person: marks.person)
    }

    /// From now on the viewer may tell.
    ///
    /// - Parameter origin: where watching begins; nil where that is not known.
    func admit(
        _ viewer: Viewer, to id: VideoID, marks: WatchAdmission.Marks, duration: Double?, at origin: Double?
    ) async throws {
        let admission = WatchAdmission(viewer: viewer, marks: marks, duration: duration, at: clock())
        if reports.admit(admission, to: id, at: origin) { return }
        // Everything is unwritten: whoever comes now waits until it is written, and then there is room.
        try await write()
        _ = reports.admit(admission, to: id, at: origin)
    }

    /// Where somebody stopped, also where that is not written yet.
    func last(of id: VideoID, by viewer: Viewer) async throws -> Double? {
        if let position = reports.unwrittenPosition(of: Watcher(person: viewer.id, video: id)) { return position }
        return try await database.readOnce { access in
            try access.first(
                "SELECT position FROM watch_positions WHERE user_id = $1 AND video_id = $2", viewer.id, id)?
                .value("position")
        }
    }
}

extension WatchReport {
    /// - Throws: `VideoDetails.Invalid`.
    fileprivate func check() throws {
        var check = FieldCheck()
        if !position.isFinite || position < 0 {
            check.refuse("position", "out_of_range", "Seconds from the start of the video.")
        }
        if let played, !played.isFinite || played < 0 {
            check.refuse("played", "out_of_range", "Seconds that were watched since the report before.")
        }
        try check.finish()
    }
}
