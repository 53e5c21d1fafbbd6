import HTTP
import Web

/// What players tell of somebody's watching, and what that person sees and changes of it.
struct HistoryRoutes: Sendable {
    let report: ReportProgress
    let show: ShowHistory
    let change: ChangeHistory
    let statistics: ShowStatistics

    func add(to videos: RouterGroup<ViewerContext>, _ own: RouterGroup<ViewerContext>) {
        videos.post("/{id}/progress", bodyLimit: 4096) { request, context in
            let body = try await request.decode(ReportBody.self)
            try await report(
                WatchReport(position: body.position, played: body.played), of: try context.videoID,
                by: context.viewer)
            return .noContent
        }
        videos.put("/{id}/watched", limit: .keeping) { _, context in
            try await change.mark(try context.videoID, asWatched: true, by: context.viewer)
            return .noContent
        }
        videos.delete("/{id}/watched", limit: .keeping) { _, context in
            try await change.mark(try context.videoID, asWatched: false, by: context.viewer)
            return .noContent
        }
        own.get("/history", limit: .browsing) { request, context in
            let page = try await show(HistoryQuery(request), of: context.viewer)
            return try .json(PersonalPageBody(page) { HistoryEntryBody(entry: $0, viewer: context.viewer) })
        }
        own.delete("/history", limit: .keeping) { _, context in
            try await change.forget(nil, of: context.viewer)
            return .noContent
        }
        own.delete("/history/{id}", limit: .keeping) { _, context in
            try await change.forget(try context.videoID, of: context.viewer)
            return .noContent
        }
        own.get("/stats", limit: .browsing) { _, context in
            try .json(StatisticsBody(try await statistics(of: context.viewer)))
        }
    }
}

private struct ReportBody: Decodable, Sendable {
    var position: Double
    var played: Double?
}

extension HistoryQuery {
    /// - Throws: `VideoDetails.Invalid` naming what cannot be read.
    fileprivate init(_ request: Request) throws {
        page = try PersonalQuery(request)
        switch request.query["state"] {
        case nil, "": isUnfinished = false
        case "unfinished": isUnfinished = true
        default:
            var check = FieldCheck()
            check.refuse("state", "invalid_state", "unfinished, or nothing.")
            try check.finish()
            isUnfinished = false
        }
    }
}
