import Accounts
import HTTP
import Testing
import Web

@testable import App
@testable import Videos

/// Who may go through which route, written down once more, and every role sent through every route.
@Suite("Every role at every route")
struct EveryRouteTests {
    /// What a route asks of its caller.
    enum Door: Sendable {
        case anyone
        /// Anybody who is signed in.
        case person
        /// Who may upload.
        case uploader
        /// Who may see the video.
        case viewer
        /// Who may change the video.
        case keeper
    }

    static let doors: [String: Door] = [
        "GET /": .anyone, "GET /sign-in": .anyone, "GET /upload": .anyone, "GET /watch/{id}": .anyone,
        "GET /favicon.ico": .anyone, "GET /assets/{tree}/{path...}": .anyone, "GET /healthz": .anyone,
        "GET /readyz": .anyone, "GET /metrics": .anyone, "GET /api/v1/openapi.json": .anyone,
        "POST /api/v1/auth/login": .anyone, "POST /api/v1/auth/refresh": .anyone,
        "POST /api/v1/auth/logout": .person, "POST /api/v1/auth/password": .person, "GET /api/v1/auth/me": .person,
        "PATCH /api/v1/auth/me": .person,
        "GET /api/v1/videos": .person, "POST /api/v1/videos": .uploader, "GET /api/v1/videos/events": .person,
        "GET /api/v1/videos/{id}": .viewer, "PATCH /api/v1/videos/{id}": .keeper,
        "DELETE /api/v1/videos/{id}": .keeper, "POST /api/v1/videos/{id}/retry": .keeper,
        "GET /api/v1/videos/{id}/events": .viewer, "GET /api/v1/videos/{id}/play": .viewer,
        "POST /api/v1/videos/{id}/progress": .viewer, "POST /api/v1/videos/{id}/unlock": .viewer,
        "GET /api/v1/videos/{id}/hls/master.m3u8": .viewer,
        "GET /api/v1/videos/{id}/hls/{rendition}/index.m3u8": .viewer,
        "GET /api/v1/videos/{id}/hls/{rendition}/key": .viewer,
        "GET /api/v1/videos/{id}/hls/{rendition}/init.mp4": .viewer,
        "GET /api/v1/videos/{id}/hls/{rendition}/{number}.m4s": .viewer,
        "GET /api/v1/videos/{id}/thumbnail.jpg": .viewer, "GET /api/v1/videos/{id}/storyboard.jpg": .viewer,
        "GET /api/v1/videos/{id}/storyboard.vtt": .viewer,
        "OPTIONS /api/v1/uploads": .anyone, "OPTIONS /api/v1/uploads/{id}": .anyone,
        "POST /api/v1/uploads": .uploader, "HEAD /api/v1/uploads/{id}": .person,
        "PATCH /api/v1/uploads/{id}": .person, "DELETE /api/v1/uploads/{id}": .person,
        "POST /api/v1/uploads/{id}": .person,
    ]

    enum Outcome: Sendable, Equatable {
        case allowed, signInNeeded, forbidden, hidden
    }

    static func expected(_ door: Door, _ role: Role?, premium: Bool, hidden: Bool) -> Outcome {
        if case .anyone = door { return .allowed }
        guard let role else { return .signInNeeded }
        let sees = role == .admin || (!hidden && (!premium || role >= .premium))
        return switch door {
        case .anyone, .person: .allowed
        case .uploader: role >= .creator ? .allowed : .forbidden
        case .viewer: sees ? .allowed : .hidden
        // The videos are the administrator's.
        case .keeper: !sees ? .hidden : role == .admin ? .allowed : .forbidden
        }
    }

    @Test("Each is let in or refused as the table says", arguments: [(false, false), (true, false), (false, true)])
    func walk(premium: Bool, hidden: Bool) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        var tokens: [Role: String] = [:]
        for role in Role.allCases { tokens[role] = try await house.token(of: role) }
        for route in house.application.routes {
            let door = try #require(Self.doors[route.description], "\(route) is not in the table")
            for role in [nil] + Role.allCases.map(Optional.some) {
                let id = try await house.addVideo(premium: premium, hidden: hidden)
                var token = role.flatMap { tokens[$0] }
                // Some calls end the sign-in that they come with.
                if let role, route.path.hasPrefix("/api/v1/auth/") { token = try await house.token(of: role) }
                let outcome = try await outcome(of: request(route, id, token), house.application)
                let expected = Self.expected(door, role, premium: premium, hidden: hidden)
                #expect(outcome == expected, "\(route) for \(role.map(\.rawValue) ?? "nobody")")
            }
        }
        await house.server.stop()
    }

    @Test("The table names no route that is not there")
    func noGhosts() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let routes = Set(house.application.routes.map(\.description))
        #expect(Set(Self.doors.keys).subtracting(routes).isEmpty)
        await house.server.stop()
    }

    func request(_ route: Route, _ id: VideoID, _ token: String?) -> Request {
        let path = route.path.replacing("{id}", with: id.description).replacing("{rendition}", with: "720p")
            .replacing("{number}", with: "0").replacing("{tree}", with: "0").replacing("{path...}", with: "theme.js")
        var headers: HeaderFields = [
            "Content-Type": "application/json", "Tus-Resumable": "1.0.0", "Upload-Length": "5",
        ]
        if let token { headers[.authorization] = "Bearer \(token)" }
        let hasBody = route.bodyLimit > 0 && !route.method.isSafe && route.method != .delete
        return Request(
            method: route.method, target: path, headers: headers,
            body: hasBody ? RequestBody(#"{"position":1,"password":"x","title":"T"}"#) : RequestBody())
    }

    struct Refusal: Decodable {
        var code: String
    }

    func outcome(of request: Request, _ application: Application) async throws -> Outcome {
        let response = await application.respond(to: request)
        var code: String?
        if case .bytes(let bytes) = response.body, response.status.code >= 400 {
            code = String(decoding: bytes, as: UTF8.self).firstMatch(of: /"code":"([a-z_]+)"/).map { String($0.1) }
        }
        switch (response.status, code) {
        case (.unauthorized, "bad_credentials"), (.unauthorized, "invalid_refresh_token"): return .allowed
        case (.unauthorized, _): return .signInNeeded
        case (.forbidden, "wrong_password"): return .allowed
        case (.forbidden, _): return .forbidden
        case (.notFound, "video_not_found"): return .hidden
        default: return .allowed
        }
    }
}
