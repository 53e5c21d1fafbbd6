import Accounts
import HTTP
import Testing
import Web

@testable import App
@testable import TestSupport
@testable import Videos

@Suite("Cache rules of all routes")
struct CacheRulesTests {
    /// Routes that know who asks and say something else than `private, no-store` when all is well.
    static let exceptions: [String: String] = [
        // Nobody keeps an endless answer, and proxies know this form of it best.
        "GET /api/v1/videos/events": "no-store", "GET /api/v1/videos/{id}/events": "no-store",
        // tus 1.0.0 asks for it.
        "HEAD /api/v1/uploads/{id}": "no-store",
    ]

    @Test("No answer of a route that knows who asks is kept by anybody, whoever asks, errors included")
    func everyRoute() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        for route in house.application.routes where route.access != .public {
            for role in [nil, Role.user, .admin] {
                let id = try await house.addVideo()
                var token: String?
                if let role { token = try await house.token(of: role) }
                let response = await house.application.respond(to: Self.request(route, id, token))
                let isError = response.status.code >= 400
                let rule = isError ? nil : Self.exceptions[route.description]
                #expect(
                    response.headers.values(of: .cacheControl) == [rule ?? "private, no-store"],
                    "\(route) for \(role.map(\.rawValue) ?? "nobody"): \(response.status)")
            }
        }
        await house.server.stop()
    }

    @Test("Every other route has a rule as well")
    func openRoutes() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        for route in house.application.routes where route.access == .public {
            let response = await house.application.respond(to: Self.request(route, VideoID(), nil))
            #expect(response.headers.values(of: .cacheControl).count == 1, "\(route)")
        }
        await house.server.stop()
    }

    /// A request that may or may not be right: every answer has its rule.
    private static func request(_ route: Route, _ id: VideoID, _ token: String?) -> Request {
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
}
