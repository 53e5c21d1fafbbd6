import HTTP
import Web

/// What people keep for themselves: favourites.
struct PersonalRoutes: Sendable {
    let setFavorite: SetFavorite
    let listFavorites: ListFavorites

    func add(to videos: RouterGroup<ViewerContext>, _ own: RouterGroup<ViewerContext>) {
        videos.put("/{id}/favorite", limit: .keeping, bodyLimit: 4096) { _, context in
            try await setFavorite(try context.videoID, true, of: context.viewer)
            return .noContent
        }
        videos.delete("/{id}/favorite", limit: .keeping) { _, context in
            try await setFavorite(try context.videoID, false, of: context.viewer)
            return .noContent
        }
        own.get("/favorites", limit: .browsing) { request, context in
            let page = try await listFavorites(PersonalQuery(request), of: context.viewer)
            return try .json(
                PersonalPageBody(page) { VideoBody($0, for: context.viewer, isFavorite: true) })
        }
    }
}

extension RateLimit {
    /// What people change of their own lists: each is a transaction.
    static let keeping = RateLimit("keeping", of: .account, burst: 240, interval: .milliseconds(200))
}
