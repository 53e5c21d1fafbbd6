import Accounts
import HTTP
import Web

/// Streams of server-sent events: of one video, and of all that the viewer may see.
struct EventRoutes: Sendable {
    let find: FindVideo
    let events: VideoEvents
    let callers: VideoCallers

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.get("/events") { _, context in
            let listener = try events.listen(to: .all, as: context.viewer.id)
            return stream(listener, for: context.caller, first: nil)
        }
        videos.get("/{id}/events") { _, context in
            let id = try context.videoID
            // Listened to before it is looked up, so that nothing between the two is missed.
            let listener = try events.listen(to: .video(id), as: context.viewer.id)
            let video = try await find(id, for: context.viewer, through: .details)
            return stream(listener, for: context.caller, first: VideoEvent(about: video))
        }
    }

    /// Each event is the whole video as it is now. The stream ends with the session that it was opened by, and when its
    /// viewer becomes another one: the browser opens it again by itself, as whoever it is by then.
    private func stream(_ listener: VideoListener, for caller: Caller, first: VideoEvent?) -> Response {
        let viewer = Viewer(caller)
        return EventStream.response { stream in
            defer { listener.leave() }
            func isStillThere() async throws -> Bool {
                try await callers.current(caller).map { Viewer($0) } == viewer
            }
            // Much may have happened since the request was let in.
            guard try await isStillThere() else { return }
            if let first { try await stream.send(encoded: EncodedVideoEvent(first).bytes(for: viewer)) }
            while true {
                switch try await listener.next() {
                case .message(.event(let event)):
                    guard VideoAccess.decide(viewer, event.video.subject, .list) == .allowed else { continue }
                    try await stream.send(encoded: event.bytes(for: viewer))
                case .message(.accessChanged(let person)) where person != viewer.id: continue
                case .message(.accessChanged): guard try await isStillThere() else { return }
                case .message(.beat):
                    guard try await isStillThere() else { return }
                    try await stream.beat()
                // Among what was missed may be that the viewer's access has changed.
                case .skipped: guard try await isStillThere() else { return }
                case .end: return
                }
            }
        }
    }
}
