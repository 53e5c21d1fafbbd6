import Accounts
import Bus
import Encoding
import SQL
import Telemetry
import Videos

/// Obeys what other servers of the same database announce, until it is cancelled.
///
/// The database tells what was announced together with the change, so nothing is lost. With a Redis it comes by that as well, also
/// while this server's connection to the database stands still, and is obeyed when it comes first.
struct HearOthers: Sendable {
    private static let channel = "announcements"

    let database: Database
    let redis: RedisBus?
    let access: AccessChanges
    let tokenKeys: TokenKeyring
    let queue: EncodingQueue
    let videos: HearVideos
    let log: Log

    /// Tells the other servers by Redis.
    static func announcer(_ redis: RedisBus) -> @Sendable (String) -> Void {
        { payload in redis.publish(Array(payload.utf8), to: channel) }
    }

    func run() async {
        guard let heard = database.heard else { return await Self.untilCancelled() }
        redis?.follow(Self.channel) { [database] news in
            // What is missed meanwhile comes by the database.
            if case .message(let bytes) = news { database.hear(String(decoding: bytes, as: UTF8.self)) }
        }
        for await one in heard {
            do {
                try await obey(one)
            } catch {
                log.error("what another server announced was not obeyed", ["error": .error(error)])
            }
        }
        await Self.untilCancelled()
    }

    private func obey(_ heard: Heard) async throws {
        guard case .announcement(let announcement) = heard else {
            // Whatever is remembered may be old.
            queue.heard(nil)
            try await videos.access(access.heard(nil))
            try await tokenKeys.heard()
            return
        }
        switch announcement.topic {
        case AccessChanges.topic: try await videos.access(access.heard(announcement))
        case TokenKeyring.topic: try await tokenKeys.heard()
        case EncodingQueue.topic: queue.heard(announcement)
        case HearVideos.uploadTopic: videos.upload(announcement)
        case HearVideos.topic: try await videos.video(announcement)
        // A newer server has rooms that this one has not.
        default: break
        }
    }

    /// The first service to end ends the server.
    private static func untilCancelled() async {
        for await _ in AsyncStream<Void>.makeStream().stream {}
    }
}
