import Web

/// Searches and suggestions.
struct SearchRoutes: Sendable {
    let search: SearchVideos
    let suggest: SuggestVideos
    let related: RelatedVideos

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.get("/search", limit: .browsing) { request, context in
            let found = try await search(try SearchQuery(request.query), for: context.viewer)
            return try .json(FoundVideosBody(found, for: context.viewer))
        }
        videos.get("/suggestions", limit: .suggesting) { request, context in
            let text = request.query["q"] ?? ""
            return try .json(SuggestionsBody(data: try await suggest(text, for: context.viewer)))
        }
        videos.get("/{id}/related", limit: .browsing) { _, context in
            let found = try await related(try context.videoID, for: context.viewer)
            return try .json(
                RelatedVideosBody(data: found.map { VideoBody($0, for: context.viewer, isWhole: false) }))
        }
    }
}

private struct RelatedVideosBody: Encodable {
    let data: [VideoBody]
}

extension RateLimit {
    /// Suggestions: one for each letter that is typed, and each is a small search.
    static let suggesting = RateLimit("suggesting", of: .account, burst: 240, interval: .milliseconds(100))
}
