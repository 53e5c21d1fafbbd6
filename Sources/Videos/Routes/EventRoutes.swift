import Accounts
import HTTP
import Web

extension VideoCatalogue {
    /// Streams of server-sent events: of one video, and of all that the viewer may see.
    func addEventRoutes(to videos: RouterGroup<ViewerContext>) {
        videos.get("/events") { _, context in
            let listener = try self.events.listen(as: context.viewer.id)
            return self.stream(listener, for: context.caller, first: nil) { _ in true }
        }
        videos.get("/{id}/events") { _, context in
            let id = try context.videoID
            // Listened to before it is looked up, so that nothing between the two is missed.
            let listener = try self.events.listen(as: context.viewer.id)
            let video = try await self.video(id, for: context.viewer, through: .details)
            return self.stream(listener, for: context.caller, first: VideoEvent(about: video)) { $0 == id }
        }
    }

    /// Each event is the whole video as it is now. The stream ends with the session that it was opened by, and when its
    /// viewer becomes another one: the browser opens it again by itself, as whoever it is by then.
    private func stream(
        _ listener: VideoEvents.Listener, for caller: Caller, first: VideoEvent?,
        about isWanted: @escaping @Sendable (VideoID) -> Bool
    ) -> Response {
        let viewer = Viewer(caller)
        return EventStream.response { stream in
            /// Once before the first event, because much may have happened since the request was let in.
            func isStillThere() async throws -> Bool {
                guard listener.right.takeDoubt() else { return true }
                return try await self.foundation.current(caller).map { Viewer($0) } == viewer
            }
            guard try await isStillThere() else { return }
            if let first { try await stream.send(Self.message(first, for: viewer)) }
            for await signal in listener.signals {
                guard try await isStillThere() else { return }
                guard case .event(let event) = signal, isWanted(event.video.id),
                    VideoAccess.decide(viewer, event.video.subject, .list) == .allowed
                else { continue }
                try await stream.send(Self.message(event, for: viewer))
            }
        }
    }

    private static func message(_ event: VideoEvent, for viewer: Viewer) throws -> EventStream.Message {
        // The same text as everywhere else.
        guard case .bytes(let json) = try Response.json(VideoBody(event.video, for: viewer)).body else {
            return EventStream.Message(event: event.name.rawValue, data: "")
        }
        return EventStream.Message(event: event.name.rawValue, data: String(decoding: json, as: UTF8.self))
    }
}
