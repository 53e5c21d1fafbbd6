import FoundationEssentials
import HTTP
import Web

/// What a viewer does: plays, gives a password. And what an owner does about passwords that were given.
struct ViewingRoutes: Sendable {
    let play: PlayVideo
    let unlock: UnlockVideo
    /// How long a password is remembered.
    let unlockLifetime: Duration
    let countUnlocks: CountAccessSessions
    let endUnlocks: EndAccessSessions

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.get("/{id}/play", limit: .playing) { request, context in
            var response = try Response.json(try await play(try context.videoID, request, by: context.caller))
            response.headers[.cacheControl] = "private, no-store"
            return response
        }
        videos.post("/{id}/unlock", bodyLimit: 4096) { request, context in
            let id = try context.videoID
            let body = try await request.decode(UnlockBody.self)
            let pass = try await unlock(
                id, password: body.password, from: request.remoteAddress, by: context.caller)
            var response = try Response.json(UnlockedBody(pass))
            response.headers[.cacheControl] = "private, no-store"
            response.set(
                Cookie(
                    name: UnlockProofs.cookie(of: id), value: pass.token, path: "/api/v1/videos/\(id)",
                    maxAge: unlockLifetime, isSecure: request.isSecure))
            return response
        }
        videos.get("/{id}/access-sessions") { _, context in
            try .json(AccessSessionsBody(live: try await countUnlocks(try context.videoID, for: context.viewer)))
        }
        videos.delete("/{id}/access-sessions") { _, context in
            try await endUnlocks(try context.videoID, by: context.viewer, from: context.auditOrigin)
            return .noContent
        }
    }
}

private struct AccessSessionsBody: Encodable, Sendable {
    var live: Int
}

private struct UnlockBody: Decodable, Sendable {
    var password: String
}

private struct UnlockedBody: Encodable, Sendable {
    var token: String
    var expiresAt: Date

    init(_ pass: PlaybackPass) {
        token = pass.token
        expiresAt = Date(timeIntervalSince1970: Double(pass.expiresAt))
    }
}
