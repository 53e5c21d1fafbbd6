import Accounts
import FoundationEssentials
import Reactor
import SQL
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("What players tell, on its way to the database")
struct WatchReportsTests {
    static let viewer = Viewer(id: UserID(), role: .user)
    static let marks = WatchAdmission.Marks(video: 0, person: 0)

    /// A clock in seconds, and one watcher.
    struct Desk {
        let reports: WatchReports
        let video = VideoID()
        var viewer = WatchReportsTests.viewer

        init(limit: Int = WatchReports.usualLimit) { reports = WatchReports(limit: limit) }

        func monotonic(_ second: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(second * 1e9)) }
        func date(_ second: Double) -> Date { Date(timeIntervalSince1970: 1_800_000_000 + second) }

        @discardableResult
        func admit(
            at second: Double, duration: Double? = 100, from origin: Double? = nil,
            _ marks: WatchAdmission.Marks = marks
        ) -> Bool {
            reports.admit(
                WatchAdmission(viewer: viewer, marks: marks, duration: duration, at: monotonic(second)), to: video,
                at: origin)
        }

        @discardableResult
        func tell(
            _ position: Double, played: Double? = nil, at second: Double, _ marks: WatchAdmission.Marks = marks
        ) -> Bool {
            reports.tell(
                WatchReport(position: position, played: played), by: viewer, of: video, marks: marks,
                at: date(second), monotonic(second))
        }

        func take() -> [UnwrittenWatch] { reports.unwritten(most: 100, at: date(0)) }
    }

    /// When, where, and how much is said to have been watched; how much that is in all.
    struct Course: Sendable, CustomTestStringConvertible {
        var name: String
        var reports: [(at: Double, position: Double, played: Double?)]
        var seconds: Double
        var testDescription: String { name }
    }

    @Test(
        "Seconds are as many as are claimed, and not more than have passed",
        arguments: [
            Course(name: "as it is", reports: [(5, 5, 5), (10, 10, 5)], seconds: 10),
            Course(name: "at twice the speed", reports: [(5, 10, 5), (10, 20, 5)], seconds: 10),
            Course(name: "a claim of an hour", reports: [(5, 5, 3600), (10, 10, 3600)], seconds: 10),
            Course(name: "all at once", reports: [(0, 50, 50), (0, 60, 50)], seconds: 0),
            Course(name: "a late answer of the network", reports: [(5.5, 5, 5), (10, 10, 5)], seconds: 10),
            Course(name: "a pause", reports: [(5, 5, 5), (65, 5, 0), (70, 10, 5)], seconds: 10),
            Course(name: "in the background", reports: [(60, 60, 60), (120, 100, 40)], seconds: 100),
            Course(name: "after hours", reports: [(50_000, 5, 50_000)], seconds: 120),
            Course(name: "without counting", reports: [(5, 5, nil), (10, 10, nil)], seconds: 10),
            Course(name: "without counting, with a jump", reports: [(5, 90, nil), (10, 95, nil)], seconds: 10),
            Course(name: "without counting, back", reports: [(5, 5, nil), (10, 0, nil)], seconds: 5),
            Course(name: "without counting, a jump after a pause", reports: [(50, 0, nil), (51, 90, nil)], seconds: 1),
        ])
    func credit(course: Course) throws {
        let desk = Desk()
        var (seconds, admittedAt) = (0.0, 0.0)
        desk.admit(at: 0, from: 0)
        for report in course.reports {
            // As the use case does it: somebody who watches for long is let in again.
            if report.at - admittedAt >= Double(WatchReports.admissionSeconds) {
                desk.admit(at: report.at)
                admittedAt = report.at
            }
            #expect(desk.tell(report.position, played: report.played, at: report.at))
        }
        seconds = try #require(desk.take().first).seconds
        #expect(abs(seconds - course.seconds) < 0.001, "\(seconds)")
    }

    @Test("The last position wins, and what was told while it was written is written next")
    func lastWins() throws {
        let desk = Desk()
        let watcher = Watcher(person: desk.viewer.id, video: desk.video)
        desk.admit(at: 0)
        desk.tell(5, at: 5)
        desk.tell(7, played: 2, at: 7)
        let first = desk.take()
        #expect(first.map(\.position) == [7] && first.map(\.seconds) == [2])
        #expect(desk.reports.unwrittenPosition(of: watcher) == 7)
        desk.tell(99, played: 3, at: 10)
        desk.reports.kept(first, counted: [:])
        let second = desk.take()
        #expect(second.map(\.position) == [99] && second.map(\.seconds) == [3] && second[0].watchedAt != nil)
        desk.reports.kept(second, counted: [:])
        #expect(desk.take().isEmpty && !desk.reports.hasAny && desk.reports.unwrittenPosition(of: watcher) == nil)
    }

    @Test("Where nobody knows whether it was written, the position is written again and the seconds are not")
    func perhapsKept() {
        let desk = Desk()
        desk.admit(at: 0)
        desk.tell(7, played: 7, at: 7)
        desk.reports.perhapsKept(desk.take())
        let again = desk.take()
        #expect(again.map(\.position) == [7] && again.map(\.seconds) == [0])
    }

    @Test("Who was let in tells for a minute, unless the video or the person changed")
    func admission() {
        let desk = Desk()
        #expect(!desk.tell(1, at: 0), "nobody has let them in")
        desk.admit(at: 0)
        #expect(desk.tell(1, at: 59) && !desk.tell(1, at: 60))
        desk.admit(at: 60)
        #expect(desk.tell(1, at: 61))
        #expect(!desk.tell(1, at: 62, .init(video: 1, person: 0)) && !desk.tell(1, at: 62, .init(video: 0, person: 1)))
        var promoted = desk
        promoted.viewer.role = .premium
        #expect(!promoted.tell(1, at: 62))
        desk.admit(at: 70, duration: nil)
        #expect(desk.tell(1, at: 74) && !desk.tell(1, at: 75), "soon it may be known how long the video is")
    }

    @Test("There is room for so many, and more come in once something is written")
    func room() {
        let reports = WatchReports(limit: 2)
        let desk = Desk()
        func admit(_ number: Int) -> Bool {
            let viewer = Viewer(id: UserID(), role: .user)
            let time = desk.monotonic(Double(number))
            guard
                reports.admit(
                    WatchAdmission(viewer: viewer, marks: Self.marks, duration: 100, at: time), to: desk.video, at: nil)
            else { return false }
            return reports.tell(
                WatchReport(position: 1), by: viewer, of: desk.video, marks: Self.marks, at: desk.date(0), time)
        }
        #expect(admit(0) && admit(1) && !admit(2))
        reports.kept(reports.unwritten(most: 1, at: desk.date(0)), counted: [:])
        #expect(admit(3) && !admit(4) && reports.count == 2 && reports.unwrittenCount == 2)
        // Who has left is forgotten, once it is written.
        reports.forgetIdle(at: desk.monotonic(3 + 601))
        #expect(reports.count == 2)
        reports.kept(reports.unwritten(most: 2, at: desk.date(0)), counted: [:])
        reports.forgetIdle(at: desk.monotonic(2 + 600))
        #expect(reports.count == 1)
        reports.forgetIdle(at: desk.monotonic(3 + 601))
        #expect(reports.count == 0)
    }
}
