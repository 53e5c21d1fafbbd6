import FoundationEssentials
import HTTP
import Web

extension VideoCatalogue {
    /// Streams of server-sent events: of one video, and of all that the viewer may see.
    func addEventRoutes(to videos: RouterGroup<ViewerContext>) {
        videos.get("/events") { _, context in
            let viewer = context.viewer
            return self.eventStream(for: viewer, first: nil) { _ in true }
        }
        videos.get("/{id}/events") { _, context in
            let (id, viewer) = (try context.videoID, context.viewer)
            // Listened to before it is looked up, so that nothing between the two is missed.
            let video = try await self.video(id, for: viewer, through: .details)
            return self.eventStream(for: viewer, first: VideoEvent(about: video)) { $0 == id }
        }
    }

    private func eventStream(
        for viewer: Viewer, first: VideoEvent?, about isWanted: @escaping @Sendable (VideoID) -> Bool
    ) -> Response {
        let events = events.listen()
        return EventStream.response { stream in
            if let first { try await stream.send(Self.message(first, for: viewer)) }
            for await event in events where isWanted(event.video.id) {
                guard VideoAccess.decide(viewer, event.video.subject, .list) == .allowed else { continue }
                try await stream.send(Self.message(event, for: viewer))
            }
        }
    }
}

extension VideoCatalogue {
    private static func message(_ event: VideoEvent, for viewer: Viewer) throws -> EventStream.Message {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let data = try encoder.encode(VideoBody(event.video, for: viewer))
        return EventStream.Message(event: event.name.rawValue, data: String(decoding: data, as: UTF8.self))
    }
}
