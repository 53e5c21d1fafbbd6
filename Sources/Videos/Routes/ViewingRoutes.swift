import FoundationEssentials
import HTTP
import Web

/// What a viewer does: plays, stops somewhere, gives a password.
struct ViewingRoutes: Sendable {
    let play: PlayVideo
    let positions: WatchPositions
    let unlock: UnlockVideo
    /// How long a password is remembered.
    let unlockLifetime: Duration

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.get("/{id}/play", limit: .playing) { request, context in
            var response = try Response.json(try await play(try context.videoID, request, by: context.caller))
            response.headers[.cacheControl] = "private, no-store"
            return response
        }
        videos.post("/{id}/progress", bodyLimit: 4096) { request, context in
            let body = try await request.decode(PositionBody.self)
            try await positions.remember(body.position, of: try context.videoID, by: context.viewer)
            return .noContent
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
    }
}

private struct PositionBody: Decodable, Sendable {
    var position: Double
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
