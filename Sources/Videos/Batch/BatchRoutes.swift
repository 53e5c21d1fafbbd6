import HTTP
import Web

/// Changes of many videos with one request.
struct BatchRoutes: Sendable {
    let change: ChangeVideos

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.post("/batch", limit: .batches, bodyLimit: 256 << 10) { request, context in
            let batch = try await request.decode(VideoBatch.self)
            return try .json(Body(results: try await change(batch, by: context.viewer, from: context.auditOrigin)))
        }
        // Both lists of tags of each of them.
        videos.post("/batch/undo", limit: .batches, bodyLimit: 4 << 20) { request, context in
            let undo = try await request.decode(BatchUndo.self, limit: 4 << 20)
            return try .json(
                Body(results: try await change(undoing: undo, by: context.viewer, from: context.auditOrigin)))
        }
    }

    private struct Body: Encodable {
        var results: [VideoOutcome]
    }
}

extension RateLimit {
    /// Changes of many videos: each is as much work as a hundred of others.
    static let batches = RateLimit("batches", of: .account, burst: 60, interval: .seconds(1))
}
