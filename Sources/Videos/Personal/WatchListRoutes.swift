import HTTP
import Web

/// Somebody's own playlists.
struct WatchListRoutes: Sendable {
    let lists: ManageWatchLists

    func add(to own: RouterGroup<ViewerContext>) {
        own.get("/playlists", limit: .browsing) { request, context in
            try .json(
                PersonalPageBody(try await lists.list(PersonalQuery(request), of: context.viewer)) {
                    WatchListBody($0)
                })
        }
        own.post("/playlists", limit: .keeping, bodyLimit: 16 << 10) { request, context in
            let wish = try await request.decode(NameBody.self)
            let made = try await lists.create(wish.name, for: context.viewer)
            var response = try Response.json(WatchListBody(made), status: .created)
            response.headers[.location] = "/api/v1/me/playlists/\(made.list.id)"
            return response
        }
        own.get("/playlists/{id}", limit: .browsing) { request, context in
            let found = try await lists.open(try context.watchListID, PersonalQuery(request), for: context.viewer)
            return try .json(
                OpenedWatchListBody(
                    list: WatchListBody(found.list),
                    page: PersonalPageBody(found.videos) { VideoBody($0, for: context.viewer) }))
        }
        own.patch("/playlists/{id}", limit: .keeping, bodyLimit: 16 << 10) { request, context in
            let wish = try await request.decode(NameBody.self)
            return try .json(
                WatchListBody(try await lists.rename(try context.watchListID, wish.name, for: context.viewer)))
        }
        own.delete("/playlists/{id}", limit: .keeping) { _, context in
            try await lists.remove(try context.watchListID, of: context.viewer)
            return .noContent
        }
        own.put("/playlists/{id}/videos/{video}", limit: .keeping, bodyLimit: 4096) { request, context in
            let wish = try await request.decodeIfPresent(PlaceBody.self)
            if let place = wish?.position, place < 0 {
                throw Problem.invalid(field: "position", code: "out_of_range", "A number from 0.")
            }
            try await lists.put(
                try context.listedVideoID, into: try context.watchListID, at: wish?.position, by: context.viewer)
            return .noContent
        }
        own.delete("/playlists/{id}/videos/{video}", limit: .keeping) { _, context in
            try await lists.take(try context.listedVideoID, from: try context.watchListID, by: context.viewer)
            return .noContent
        }
    }
}

private struct NameBody: Decodable, Sendable {
    var name: String
}

private struct PlaceBody: Decodable, Sendable {
    var position: Int?
}

extension RequestContext {
    fileprivate var watchListID: WatchListID {
        get throws {
            guard let id = parameters["id"].flatMap({ WatchListID($0) }) else { throw PersonalError.noSuchWatchList }
            return id
        }
    }

    fileprivate var listedVideoID: VideoID {
        get throws {
            guard let id = parameters["video"].flatMap({ VideoID($0) }) else { throw VideoError.notFound }
            return id
        }
    }
}
