import Accounts
import HTTP
import Synchronization
import Web

/// What listeners are told.
enum VideoNews: HubMessage {
    case event(EncodedVideoEvent)
    /// What this person may see has changed, or a sign-in of theirs ended.
    case accessChanged(UserID)
    /// A while has passed.
    case beat

    /// About so much, with the texts that are made of it.
    var byteCount: Int {
        switch self {
        case .event(let event): 4096 + event.video.description.utf8.count
        case .accessChanged, .beat: 64
        }
    }
}

/// An event and the texts that streams make of it. Not everyone may see the same, so there are a few of them; each is made
/// once, when the first stream needs it, and all that may see the same share it.
final class EncodedVideoEvent: Sendable {
    /// What distinguishes the texts.
    private struct Content: Hashable {
        var hasFailureDetail: Bool
        var hasFile: Bool
    }

    private let event: VideoEvent
    private let texts = Mutex<[Content: [UInt8]]>([:])

    init(_ event: VideoEvent) { self.event = event }

    var name: VideoEvent.Name { event.name }
    var video: Video { event.video }

    /// As a server-sent event whose data is the whole video, in the words of every other answer.
    func bytes(for viewer: Viewer) throws -> [UInt8] {
        let body = VideoBody(event.video, for: viewer)
        let content = Content(hasFailureDetail: body.showsFailureDetail, hasFile: body.showsFile)
        return try texts.withLock { texts in
            if let known = texts[content] { return known }
            var message = EventStream.Message(event: event.name.rawValue, data: "")
            if case .bytes(let json) = try Response.json(body).body {
                message.data = String(decoding: json, as: UTF8.self)
            }
            let bytes = message.bytes
            texts[content] = bytes
            return bytes
        }
    }
}
