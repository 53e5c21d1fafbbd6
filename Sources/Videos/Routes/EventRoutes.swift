import HTTP
import Web

extension VideoCatalogue {
    /// Streams of server-sent events: of one video, and of all that the viewer may see.
    func addEventRoutes(to videos: RouterGroup<ViewerContext>) {
        videos.get("/events") { _, context in
            let events = self.events.listen()
            return Self.stream(events, for: context.viewer, first: nil) { _ in true }
        }
        videos.get("/{id}/events") { _, context in
            let id = try context.videoID
            // Listened to before it is looked up, so that nothing between the two is missed.
            let events = self.events.listen()
            let video = try await self.video(id, for: context.viewer, through: .details)
            return Self.stream(events, for: context.viewer, first: VideoEvent(about: video)) { $0 == id }
        }
    }

    /// Each event is the whole video as it is now. Comments between them keep proxies from giving up, and tell the server
    /// that a peer has gone.
    private static func stream(
        _ events: AsyncStream<VideoEvents.Signal>, for viewer: Viewer, first: VideoEvent?,
        about isWanted: @escaping @Sendable (VideoID) -> Bool
    ) -> Response {
        Response(
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", "X-Accel-Buffering": "no",
            ],
            body: .stream(byteCount: nil) { writer in
                try await writer.write("retry: 2000\n\n")
                if let first { try await writer.write(try text(of: first, for: viewer)) }
                for await signal in events {
                    guard writer.keepsGoing() else { return }
                    switch signal {
                    case .heartbeat: try await writer.write(": still here\n\n")
                    case .event(let event):
                        guard isWanted(event.video.id),
                            VideoAccess.decide(viewer, event.video.subject, .list) == .allowed
                        else { continue }
                        try await writer.write(try text(of: event, for: viewer))
                    }
                }
            })
    }

    private static func text(of event: VideoEvent, for viewer: Viewer) throws -> String {
        // The same text as everywhere else; JSON escapes line ends, so it is one line of data.
        guard case .bytes(let json) = try Response.json(VideoBody(event.video, for: viewer)).body else { return "" }
        let data = String(decoding: json, as: UTF8.self)
        return "event: \(event.name.rawValue)\ndata: \(data)\n\n"
    }
}
