import FoundationEssentials
import HTTP
import Web

/// What was removed and can be taken back for a while.
struct TrashRoutes: Sendable {
    let list: ListTrash
    let restore: RestoreVideo
    let remove: RemoveVideo

    func add(to router: RouterBuilder) {
        let trash = router.group("/api/v1/trash", access: .signedIn, context: ViewerContext.self)
        trash.get("", limit: .browsing) { request, context in
            let page = try await list(PersonalQuery(request), for: context.viewer)
            return try .json(
                PersonalPageBody(page) {
                    TrashedVideoBody(video: $0, viewer: context.viewer, lifetime: list.lifetime)
                })
        }
        trash.post("/{id}/restore", bodyLimit: 4096) { _, context in
            let video = try await restore(try context.videoID, by: context.viewer, from: context.auditOrigin)
            return try .json(VideoBody(video, for: context.viewer))
        }
        trash.delete("/{id}") { _, context in
            try await remove(
                try context.videoID, through: .trash, by: context.viewer, from: context.auditOrigin)
            return .noContent
        }
    }
}

/// A video, and when it goes.
struct TrashedVideoBody: Encodable, Sendable {
    let video: Video
    let viewer: Viewer
    let lifetime: Duration

    enum CodingKeys: String, CodingKey {
        case trashedAt = "trashed_at"
        case removedForGoodAt = "removed_for_good_at"
    }

    func encode(to encoder: any Encoder) throws {
        try VideoBody(video, for: viewer, isWhole: false).encode(to: encoder)
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(video.trashedAt, forKey: .trashedAt)
        try body.encode(
            video.trashedAt?.addingTimeInterval(Double(lifetime.components.seconds)), forKey: .removedForGoodAt)
    }
}
