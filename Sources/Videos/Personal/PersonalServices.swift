import Bus
import FoundationEssentials
import Reactor
import SQL
import Telemetry
import Web

/// What people keep for themselves, wired.
struct PersonalServices: Sendable {
    let show: ShowVideo
    let report: ReportProgress
    /// Works beside the requests.
    let write: WriteWatches
    private let routes: PersonalRoutes
    private let watchListRoutes: WatchListRoutes
    private let historyRoutes: HistoryRoutes

    init(_ foundation: VideoServices.Foundation, revocations: GrantRevocations) {
        let (database, now) = (foundation.database, foundation.now)
        let reports = WatchReports()
        show = ShowVideo(database: database)
        write = WriteWatches(
            database: database, reports: reports, facts: foundation.facts, log: foundation.log, now: now,
            clock: foundation.clock)
        report = ReportProgress(
            database: database, reports: reports, write: write, revocations: revocations, now: now,
            clock: foundation.clock)
        routes = PersonalRoutes(
            setFavorite: SetFavorite(database: database, now: now), listFavorites: ListFavorites(database: database))
        watchListRoutes = WatchListRoutes(lists: ManageWatchLists(database: database, now: now))
        historyRoutes = HistoryRoutes(
            report: report, show: ShowHistory(database: database, write: write),
            change: ChangeHistory(write: write, now: now),
            statistics: ShowStatistics(database: database, write: write))
    }

    func addRoutes(to router: RouterBuilder, _ videos: RouterGroup<ViewerContext>) {
        let own = router.group("/api/v1/me", access: .signedIn, context: ViewerContext.self)
        routes.add(to: videos, own)
        historyRoutes.add(to: videos, own)
        watchListRoutes.add(to: own)
    }
}
