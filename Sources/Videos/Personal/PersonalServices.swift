import FoundationEssentials
import SQL
import Web

/// What people keep for themselves, wired.
struct PersonalServices: Sendable {
    let show: ShowVideo
    private let routes: PersonalRoutes
    private let watchListRoutes: WatchListRoutes

    init(database: Database, now: @escaping @Sendable () -> Date) {
        show = ShowVideo(database: database)
        routes = PersonalRoutes(
            setFavorite: SetFavorite(database: database, now: now), listFavorites: ListFavorites(database: database))
        watchListRoutes = WatchListRoutes(lists: ManageWatchLists(database: database, now: now))
    }

    func addRoutes(to router: RouterBuilder, _ videos: RouterGroup<ViewerContext>) {
        let own = router.group("/api/v1/me", access: .signedIn, context: ViewerContext.self)
        routes.add(to: videos, own)
        watchListRoutes.add(to: own)
    }
}
